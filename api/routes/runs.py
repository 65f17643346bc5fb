"""Runs: their state, figures and events, and stopping them."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.identity import Opened, changes, reads
from api.paging import Paging
from api.routes import PREFIX
from api.schemas.envelopes import ListOf, listed
from kaireon_orch.control import runs
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.run_views import RunEventView, RunView

router = APIRouter(prefix=f"{PREFIX}/runs", tags=["runs"])

Viewer = Annotated[Caller, reads("run")]
Canceler = Annotated[Caller, changes("cancel", "run")]


@router.get("", operation_id="listRuns", summary="Runs of all pipelines, newest first")
def list_runs(
    registry: Opened,
    caller: Viewer,
    page: Paging,
    pipeline_id: Annotated[str | None, Query(alias="pipelineId")] = None,
    status: str | None = None,
) -> ListOf[RunView]:
    found = runs.list_page(
        registry, caller, limit=page.limit, cursor=page.cursor, pipeline_id=pipeline_id, status=status
    )
    return listed(found)


@router.get("/{run_id}", operation_id="getRun", summary="One run; its figures move while it runs")
def get_run(registry: Opened, caller: Viewer, run_id: str) -> RunView:
    return runs.get(registry, caller, run_id)


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    operation_id="cancelRun",
    summary="Stop a run; nothing of it is in the target afterwards",
)
def cancel_run(registry: Opened, caller: Canceler, run_id: str) -> RunView:
    return runs.cancel(registry, caller, run_id)


@router.get("/{run_id}/events", operation_id="listRunEvents", summary="What a run said")
def list_run_events(registry: Opened, caller: Viewer, run_id: str, page: Paging) -> ListOf[RunEventView]:
    return listed(runs.events(registry, caller, run_id, limit=page.limit, cursor=page.cursor))
