"""Where a pipeline stands: what its target's ledger remembers, and moving that by hand, with a reason.

The target is the truth; it is asked and told through the guarded child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import select

from kaireon_orch.control import audit, orphans, pinned, sources, warehouse
from kaireon_orch.control.caller import require
from kaireon_orch.control.drafts import checked
from kaireon_orch.control.ids import new_id
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.run_views import ENDED
from kaireon_orch.control.shapes import Shape
from kaireon_orch.control.views import View
from kaireon_orch.errors import Fault, FaultCode, FieldError, InvalidInput, KaireonError, NotRunnable
from kaireon_orch.network.child import run_job
from kaireon_orch.store.tables import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

ENTITY = "pipeline"
ACTION = "state_set"
WRITERS: tuple[Role, ...] = ("admin", "editor")
SECONDS = 100.0
"""The table's lock is waited for, up to a minute."""

WATERMARK = "watermark"
CURSOR_FIELD = "cursorField"
LONGEST_REASON = 500
LONGEST_WATERMARK = 1000


class StateView(View):
    """Where a pipeline stands: the newest entry of the target's ledger, everything null before the first load.

    `loadMode` is `state` where it was set by hand; `checkpoint` is what the ledger keeps, the watermark included.
    """

    pipeline_id: str
    table: str
    cursor_field: str | None
    watermark: int | float | str | None
    load_id: str | None
    load_mode: str | None
    rows: int | None
    committed_at: str | None
    checkpoint: Any


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValueError("is empty: say why")
    return reason.strip()


def _mark(value: object) -> object:
    plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    if not plain or value == "" or len(str(value)) > LONGEST_WATERMARK:
        raise ValueError("takes a number, or a text such as 2026-01-01T00:00:00Z; DELETE forgets it")
    return value


Reason = Annotated[str, Field(max_length=LONGEST_REASON), AfterValidator(_said)]


class StateDraft(Shape):
    """The body of a change: the next run goes on after `watermark`; `reason` is kept in the audit log."""

    watermark: Annotated[Any, AfterValidator(_mark)]
    reason: Reason


class ResetDraft(Shape):
    """Why a state is forgotten."""

    reason: Reason


def get(registry: Registry, caller: Caller, pipeline_id: str) -> StateView:
    """Where a pipeline stands. Raises `NotFound`, `NotRunnable`, `SecretUnreadable`, and `Fault` of the target."""
    with audit.refusals(registry, caller, "read", ENTITY, pipeline_id):
        pipeline = pinned.one(registry, caller.tenant, pipeline_id)
        job = _job(registry, pipeline, None)
    return _view(pipeline, _asked(registry, pipeline, job)["after"])


def put(registry: Registry, caller: Caller, pipeline_id: str, body: Mapping[str, Any]) -> StateView:
    """Set the watermark that the next run goes on from.

    Raises what `get` does, `InvalidInput` for a field at fault, and `NotRunnable` while the pipeline runs.
    """
    with audit.refusals(registry, caller, ACTION, ENTITY, pipeline_id):
        require(caller, *WRITERS)
        draft = checked(StateDraft, body)
        pipeline = pinned.one(registry, caller.tenant, pipeline_id)
        cursor = pipeline.pipeline[CURSOR_FIELD]
        if cursor is None:
            words = "belongs to a pipeline with a cursorField; this one has none"
            raise InvalidInput("The pipeline has no watermark.", [FieldError(WATERMARK, words)])
    checkpoint = {WATERMARK: draft.watermark, CURSOR_FIELD: cursor}
    return _moved(registry, caller, pipeline, checkpoint, draft.reason)


def delete(registry: Registry, caller: Caller, pipeline_id: str, reason: str | None) -> None:
    """Forget where the pipeline stands: the next run reads from the beginning. Raises what `put` does."""
    with audit.refusals(registry, caller, ACTION, ENTITY, pipeline_id):
        require(caller, *WRITERS)
        draft = checked(ResetDraft, {} if reason is None else {"reason": reason})
        pipeline = pinned.one(registry, caller.tenant, pipeline_id)
    _moved(registry, caller, pipeline, None, draft.reason)


def _moved(
    registry: Registry,
    caller: Caller,
    pipeline: PinnedPipeline,
    checkpoint: Mapping[str, Any] | None,
    reason: str,
) -> StateView:
    with audit.refusals(registry, caller, ACTION, ENTITY, pipeline.id, pipeline.name):
        _demand_quiet(registry, pipeline)
        job = _job(registry, pipeline, {"entryId": new_id("state"), "checkpoint": checkpoint})
        if checkpoint is not None:
            job |= _source(registry, pipeline)
        found = _told_to(registry, pipeline, job)
    with registry.change(caller.tenant) as session:
        audit.record(
            session,
            caller,
            ACTION,
            ENTITY,
            pipeline.id,
            pipeline.name,
            reason=reason,
            before=_told(found["before"]),
            after=_told(found["after"]),
        )
    return _view(pipeline, found["after"])


def _demand_quiet(registry: Registry, pipeline: PinnedPipeline) -> None:
    """A run goes on from where it began, and its own entry would come after ours."""
    busy = select(Run).where(
        Run.tenant == pipeline.tenant, Run.pipeline_id == pipeline.id, Run.status.not_in(ENDED)
    )
    with registry.database.read() as session:
        rows = session.scalars(busy).all()
    if not all(orphans.settle_silent(registry, row) for row in rows):
        raise NotRunnable("The pipeline is running; set its state when the run has ended, or cancel it.")


def _job(registry: Registry, pipeline: PinnedPipeline, wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "pipelineId": pipeline.id,
        "target": _target(registry, pipeline),
        "targetTable": pipeline.pipeline["target"],
        "set": wanted,
    }


def _target(registry: Registry, pipeline: PinnedPipeline) -> dict[str, Any]:
    if pipeline.target is None:
        return warehouse.connector(registry.settings)
    opened = open_connector(registry, pipeline.tenant, pipeline.target["id"])
    if opened.status == "disabled":
        raise NotRunnable("The target's connector is disabled; set its status to active first.")
    if lacking := [*opened.missing_fields, *opened.missing_credentials()]:
        raise NotRunnable(f"The target's connector lacks {', '.join(lacking)}.")
    return opened.for_child()


def _source(registry: Registry, pipeline: PinnedPipeline) -> dict[str, Any]:
    """What the child needs to ask the source for the cursor's type; nothing where it cannot be opened."""
    try:
        opened = open_connector(registry, pipeline.tenant, pipeline.source["id"])
    except KaireonError:
        return {}
    lacking = opened.missing_fields or opened.missing_credentials()
    if lacking or opened.status == "disabled" or not opened.spec.capabilities.incremental:
        return {}
    document = dict(pipeline.pipeline)
    document["source"] = sources.effective(opened.spec, opened.config, document["source"])
    return {"source": opened.for_child(), "pipeline": document}


def _told_to(registry: Registry, pipeline: PinnedPipeline, job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _asked(registry, pipeline, job)
    except Fault as fault:
        if fault.fault is not FaultCode.BAD_DATA:
            raise
        raise InvalidInput("The watermark cannot be set.", [FieldError(WATERMARK, fault.message)]) from None


def _asked(registry: Registry, pipeline: PinnedPipeline, job: Mapping[str, Any]) -> dict[str, Any]:
    policy = policy_for(registry, [], warehouse=pipeline.target is None)
    return run_job("state", job, policy=policy, deadline=SECONDS, on_deadline=FaultCode.TIMED_OUT).result


def _view(pipeline: PinnedPipeline, entry: Mapping[str, Any] | None) -> StateView:
    found = entry or {}
    checkpoint = found.get("checkpoint")
    marked = checkpoint if isinstance(checkpoint, dict) else {}
    return StateView(
        pipeline_id=pipeline.id,
        table=pipeline.table,
        cursor_field=pipeline.pipeline[CURSOR_FIELD],
        watermark=marked.get(WATERMARK),
        load_id=found.get("loadId"),
        load_mode=found.get("mode"),
        rows=found.get("rows"),
        committed_at=found.get("committedAt"),
        checkpoint=checkpoint,
    )


def _told(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if entry is None else {"loadId": entry["loadId"], "checkpoint": entry["checkpoint"]}
