"""Starting runs: in Dagster, once per Idempotency-Key; or for the process at hand to execute."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from kaireon_orch import launch as dagster
from kaireon_orch.control import audit, idempotency, pinned, readiness
from kaireon_orch.control.caller import require
from kaireon_orch.control.drafts import checked
from kaireon_orch.control.pipeline_drafts import MOST_ROWS
from kaireon_orch.control.run_records import add_if_absent, find, pending
from kaireon_orch.control.run_requests import RunRequest
from kaireon_orch.control.run_views import RunView, run_view
from kaireon_orch.control.shapes import Shape
from kaireon_orch.errors import Fault, FaultCode, NotRunnable, SecretUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.readiness import Ready
    from kaireon_orch.control.registry import Registry

WRITERS: tuple[Role, ...] = ("admin", "editor")


class RunDraft(Shape):
    """The body of a run request; `rowLimit` in rows, 0: no cap."""

    row_limit: Annotated[int, Field(ge=0, le=MOST_ROWS)] | None = None
    full_refresh: bool = False
    verify: bool = False


def launch(
    registry: Registry,
    caller: Caller,
    pipeline_id: str,
    body: Mapping[str, Any],
    idempotency_key: str | None = None,
) -> RunView:
    """Start a run in Dagster.

    Raises:
        NotFound, InvalidInput: no such pipeline; a field at fault, or a key that was used for another request.
        NotRunnable, SecretUnreadable: in words that say what to do, told before Dagster is asked.
        Unavailable: Dagster is out of reach, and nothing is queued.
    """
    with audit.refusals(registry, caller, "run", "pipeline", pipeline_id):
        require(caller, *WRITERS)
        draft = checked(RunDraft, body)
        pipeline = pinned.one(registry, caller.tenant, pipeline_id)
        if idempotency_key is None:
            return _recorded(registry, caller, *_started(registry, pipeline, draft, uuid.uuid4().hex))
        return _launched_once(registry, caller, pipeline, draft, idempotency_key)


def local_request(
    registry: Registry, caller: Caller, name: str, body: Mapping[str, Any] | None = None
) -> RunRequest:
    """A run of the caller's pipeline of that name for this process to execute, under an id of ours; audited.

    Raises `NotFound`, and `InvalidInput` for `body` (`rowLimit`, `fullRefresh`, `verify`).
    """
    require(caller, *WRITERS)
    draft = checked(RunDraft, body or {})
    pipeline = pinned.by_name(registry, caller.tenant, name)
    request = _request(pipeline, draft, str(uuid.uuid4()), "cli")
    with registry.change(caller.tenant) as session:
        add_if_absent(session, pending(request, request.row_limit))
        _audit_run(session, caller, request)
    return request


def _launched_once(
    registry: Registry, caller: Caller, pipeline: PinnedPipeline, draft: RunDraft, key: str
) -> RunView:
    """The run of an Idempotency-Key: the one that it stands for, or a new one."""
    request = idempotency.digest(pipeline.id, draft.model_dump(mode="json"))
    claim = idempotency.claim(registry, caller.tenant, key, request)
    if claim.run_id is not None:
        with registry.database.read() as session:
            return run_view(find(session, caller.tenant, claim.run_id), registry.settings)
    try:
        started = _started(registry, pipeline, draft, claim.launch, perhaps_there=claim.taken_over)
    except BaseException:
        idempotency.release(registry, caller.tenant, key)
        raise
    shown = _recorded(registry, caller, *started)
    idempotency.settle(registry, caller.tenant, key, shown.id)
    return shown


def _started(
    registry: Registry, pipeline: PinnedPipeline, draft: RunDraft, mark: str, *, perhaps_there: bool = False
) -> tuple[RunRequest, int | None]:
    """The run that Dagster has now, and the row limit that will hold for it; `mark` finds it again in Dagster."""
    ready = _demand_ready(registry, pipeline)
    run_id = dagster.find_run(registry.settings, {dagster.TAG_LAUNCH: mark}) if perhaps_there else None
    if run_id is None:
        tags = _tags(pipeline, pinned.revision(registry), mark)
        config, job = _run_config(pipeline, draft), dagster.job_of(pipeline.pipeline.get("partition"))
        run_id = dagster.launch_run(registry.settings, pipeline.asset_key, config, tags, job)
    return _request(pipeline, draft, run_id, "api"), ready.row_limit(draft.row_limit, pipeline)


def _recorded(registry: Registry, caller: Caller, request: RunRequest, row_limit: int | None) -> RunView:
    """The run's row, which the run itself may have made by now; audited."""
    with registry.change(caller.tenant) as session:
        row = add_if_absent(session, pending(request, row_limit))
        _audit_run(session, caller, request)
        return run_view(row, registry.settings)


def _demand_ready(registry: Registry, pipeline: PinnedPipeline) -> Ready:
    try:
        return readiness.check(registry, pipeline)
    except Fault as fault:
        if fault.fault is FaultCode.SECRET_UNREADABLE:
            raise SecretUnreadable(fault.message) from None
        raise NotRunnable(fault.message) from None


def _request(pipeline: PinnedPipeline, draft: RunDraft, run_id: str, trigger: str) -> RunRequest:
    return RunRequest(
        run_id=run_id,
        tenant=pipeline.tenant,
        pipeline=pipeline,
        trigger=trigger,
        dagster_run=run_id if trigger == "api" else None,
        row_limit=draft.row_limit,
        full_refresh=draft.full_refresh,
        verify=draft.verify,
    )


def _run_config(pipeline: PinnedPipeline, draft: RunDraft) -> dict[str, Any]:
    config: dict[str, Any] = {"full_refresh": draft.full_refresh, "verify": draft.verify}
    if draft.row_limit is not None:
        config["row_limit"] = draft.row_limit
    return {"ops": {dagster.op_name(pipeline.asset_key): {"config": config}}}


def _tags(pipeline: PinnedPipeline, revision: int, mark: str) -> dict[str, str]:
    return {
        dagster.TAG_PIPELINE: pipeline.id,
        dagster.TAG_TENANT: pipeline.tenant,
        dagster.TAG_TRIGGER: "api",
        dagster.TAG_REVISION: str(revision),
        dagster.TAG_LAUNCH: mark,
        **dagster.lost_worker_tags(pipeline.retries["maxAttempts"]),
    }


def _audit_run(session: Session, caller: Caller, request: RunRequest) -> None:
    told = {
        "runId": request.run_id,
        "rowLimit": request.row_limit,
        "fullRefresh": request.full_refresh,
        "verify": request.verify,
    }
    audit.record(session, caller, "run", "pipeline", request.pipeline.id, request.pipeline.name, after=told)
