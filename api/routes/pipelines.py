"""Pipelines, and starting them."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.bodies import Body, OptionalBody
from api.conditions import IfMatch, PathId, QueryId, one_id, tag
from api.identity import Opened, changes, reads
from api.paging import Flag, Paging
from api.routes import PREFIX
from api.schemas.bodies import patch_body, request_body
from api.schemas.envelopes import ListOf, listed
from api.schemas.runs import RunStarted
from kaireon_orch.control import pipelines, plans, runs, states
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.pipeline_drafts import PipelineDraft
from kaireon_orch.control.pipeline_views import PipelineView
from kaireon_orch.control.plans import PlanView
from kaireon_orch.control.run_views import RunView
from kaireon_orch.control.states import StateDraft, StateView

router = APIRouter(prefix=f"{PREFIX}/pipelines", tags=["pipelines"])

Viewer = Annotated[Caller, reads("pipeline")]
Creator = Annotated[Caller, changes("create", "pipeline")]
Changer = Annotated[Caller, changes("update", "pipeline")]
Deleter = Annotated[Caller, changes("delete", "pipeline")]
Runner = Annotated[Caller, changes("run", "pipeline")]
Planner = Annotated[Caller, reads("pipeline", "admin", "editor")]
Mover = Annotated[Caller, changes("state_set", "pipeline")]

_CHANGE = patch_body(PipelineDraft, "PipelineChange")


@router.get("", operation_id="listPipelines", summary="Pipelines, newest first")
def list_pipelines(
    registry: Opened,
    caller: Viewer,
    page: Paging,
    connector_id: Annotated[str | None, Query(alias="connectorId")] = None,
    enabled: Flag | None = None,
    q: Annotated[str | None, Query(description="Searched in name and description.")] = None,
) -> ListOf[PipelineView]:
    found = pipelines.list_page(
        registry,
        caller,
        limit=page.limit,
        cursor=page.cursor,
        connector_id=connector_id,
        enabled=enabled,
        q=q,
    )
    return listed(found)


@router.post(
    "",
    status_code=201,
    operation_id="createPipeline",
    summary="Create a pipeline",
    openapi_extra=request_body(PipelineDraft),
)
def create_pipeline(registry: Opened, caller: Creator, body: Body, response: Response) -> PipelineView:
    made = pipelines.create(registry, caller, body)
    response.headers["Location"] = f"{PREFIX}/pipelines/{made.id}"
    return tag(response, made)


@router.put(
    "",
    operation_id="changePipeline",
    summary="Change the fields given; the id is in the body",
    openapi_extra=_CHANGE,
)
def change_pipeline(
    registry: Opened, caller: Changer, body: Body, response: Response, if_match: IfMatch
) -> PipelineView:
    return tag(response, pipelines.change(registry, caller, one_id(body), body, if_match=if_match))


@router.delete(
    "", status_code=204, operation_id="deletePipeline", summary="Delete a pipeline; the target's table stays"
)
def delete_pipeline(
    registry: Opened,
    caller: Deleter,
    record: QueryId,
    if_match: IfMatch,
) -> None:
    pipelines.delete(registry, caller, record, if_match=if_match)


@router.get("/{pipeline_id}", operation_id="getPipeline", summary="One pipeline")
def get_pipeline(registry: Opened, caller: Viewer, pipeline_id: str, response: Response) -> PipelineView:
    return tag(response, pipelines.get(registry, caller, pipeline_id))


@router.put(
    "/{pipeline_id}",
    operation_id="changePipelineById",
    summary="Change the fields given",
    openapi_extra=_CHANGE,
)
def change_pipeline_by_id(
    registry: Opened,
    caller: Changer,
    pipeline_id: str,
    body: Body,
    response: Response,
    if_match: IfMatch,
) -> PipelineView:
    return tag(
        response, pipelines.change(registry, caller, one_id(body, pipeline_id), body, if_match=if_match)
    )


@router.delete(
    "/{pipeline_id}",
    status_code=204,
    operation_id="deletePipelineById",
    summary="Delete a pipeline; the target's table stays",
)
def delete_pipeline_by_id(
    registry: Opened, caller: Deleter, pipeline_id: str, _only: PathId, if_match: IfMatch
) -> None:
    pipelines.delete(registry, caller, pipeline_id, if_match=if_match)


@router.post(
    "/{pipeline_id}/run",
    status_code=202,
    operation_id="runPipeline",
    summary="Start a run in Dagster",
    openapi_extra=request_body(runs.RunDraft, required=False),
)
def run_pipeline(
    registry: Opened,
    caller: Runner,
    pipeline_id: str,
    body: OptionalBody,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="The same key within 24 hours gives the same run.",
            min_length=1,
            max_length=255,
        ),
    ] = None,
) -> RunStarted:
    run = runs.launch(registry, caller, pipeline_id, body, idempotency_key)
    response.headers["Location"] = f"{PREFIX}/runs/{run.id}"
    return RunStarted(run_id=run.id, status=run.status, url=run.url)


@router.get("/{pipeline_id}/runs", operation_id="listPipelineRuns", summary="A pipeline's runs, newest first")
def list_pipeline_runs(registry: Opened, caller: Viewer, pipeline_id: str, page: Paging) -> ListOf[RunView]:
    pipelines.get(registry, caller, pipeline_id)
    found = runs.list_page(registry, caller, limit=page.limit, cursor=page.cursor, pipeline_id=pipeline_id)
    return listed(found)


@router.get(
    "/{pipeline_id}/plan",
    operation_id="planPipeline",
    summary="What a run would do, column by column; nothing is loaded",
)
def plan_pipeline(registry: Opened, caller: Planner, pipeline_id: str) -> PlanView:
    return plans.plan(registry, caller, pipeline_id)


@router.get(
    "/{pipeline_id}/state", operation_id="getPipelineState", summary="Where a pipeline stands in its target"
)
def get_state(registry: Opened, caller: Viewer, pipeline_id: str) -> StateView:
    return states.get(registry, caller, pipeline_id)


@router.put(
    "/{pipeline_id}/state",
    operation_id="setPipelineState",
    summary="Set the watermark that the next run goes on from",
    openapi_extra=request_body(StateDraft),
)
def set_state(registry: Opened, caller: Mover, pipeline_id: str, body: Body) -> StateView:
    return states.put(registry, caller, pipeline_id, body)


@router.delete(
    "/{pipeline_id}/state",
    status_code=204,
    operation_id="resetPipelineState",
    summary="Forget where a pipeline stands; the next run reads from the beginning",
)
def reset_state(
    registry: Opened,
    caller: Mover,
    pipeline_id: str,
    reason: Annotated[str | None, Query(description="Why; kept in the audit log. Required.")] = None,
) -> None:
    states.delete(registry, caller, pipeline_id, reason)
