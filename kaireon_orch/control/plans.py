"""What a run of a pipeline would do, column by column, before it does anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from kaireon_orch import catalogue
from kaireon_orch.control import audit, pinned, readiness, sources, tenants, warehouse
from kaireon_orch.control.caller import require
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.views import View
from kaireon_orch.errors import Fault, FaultCode, NotRunnable, SecretUnreadable
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.readiness import Ready
    from kaireon_orch.control.registry import Registry

ENTITY = "pipeline"
WRITERS: tuple[Role, ...] = ("admin", "editor")
SECONDS = 60.0


class PlanColumn(View):
    """One column's way: the source's type, Arrow's as it is read and as it is written, the target's after the load.

    `fidelity` says whether every value arrives as it was, written otherwise, or not; `reason` why. `action` is what
    happens to the table's column.
    """

    name: str
    source_name: str
    source_type: str
    arrow_type: str
    target_arrow_type: str
    target_type: str | None
    fidelity: Literal["exact", "exact_in_another_form", "lossy"]
    reason: str | None
    action: Literal["create", "add", "widen", "keep", "leave_out", "refuse"]


class PlanRefusal(View):
    """The error that a run would end with."""

    code: str
    message: str


class PlanView(View):
    """What a run would do now. `exists` is null where it is refused before that is known.

    `untouched` are the table's columns that the source does not have: they get their default, or NULL.
    """

    pipeline_id: str
    table: str
    load_mode: str
    schema_policy: str
    on_row_error: str
    exists: bool | None
    columns: list[PlanColumn]
    untouched: list[str]
    note: str | None
    refused: PlanRefusal | None


def plan(registry: Registry, caller: Caller, pipeline_id: str) -> PlanView:
    """The plan of a pipeline as it is stored now; nothing is loaded, made or locked.

    Raises `NotFound`, `NotRunnable`, `SecretUnreadable`, and `Fault` where an end cannot be asked.
    """
    with audit.refusals(registry, caller, "read", ENTITY, pipeline_id):
        require(caller, *WRITERS)
        pipeline = pinned.one(registry, caller.tenant, pipeline_id)
        ready = _ready(registry, pipeline)
        source = _source(ready)
    document = pipeline.pipeline
    found = run_job(
        "plan",
        _payload(registry, pipeline, ready, source),
        policy=policy_for(registry, [source], warehouse=ready.target is None),
        deadline=SECONDS,
        on_deadline=FaultCode.TIMED_OUT,
    ).result
    own = {name: document[name] for name in ("loadMode", "schemaPolicy", "onRowError")}
    return PlanView.model_validate({"pipelineId": pipeline.id, **own, **found})


def _ready(registry: Registry, pipeline: PinnedPipeline) -> Ready:
    """Both ends opened; a disabled pipeline may be looked at."""
    enabled = replace(pipeline, pipeline={**pipeline.pipeline, "enabled": True})
    try:
        return readiness.check(registry, enabled)
    except Fault as fault:
        if fault.fault is FaultCode.SECRET_UNREADABLE:
            raise SecretUnreadable(fault.message) from None
        if fault.fault in {FaultCode.NOT_RUNNABLE, FaultCode.MISSING_FIELDS}:
            raise NotRunnable(fault.message) from None
        raise


def _source(ready: Ready) -> OpenedConnector:
    if ready.source is None:
        words = f"{ready.spec.label} is coming soon: nothing can be read from it yet."
        raise Fault(FaultCode.NOT_SUPPORTED, words)
    if not catalogue.built(ready.spec.type):
        raise Fault(FaultCode.NOT_BUILT, f"{ready.spec.label} cannot be read from yet.")
    return ready.source


def _payload(
    registry: Registry, pipeline: PinnedPipeline, ready: Ready, source: OpenedConnector
) -> dict[str, Any]:
    document = dict(pipeline.pipeline)
    document["source"] = sources.effective(source.spec, source.config, document["source"])
    hashed = document["columns"].get("hash")
    return {
        "runId": "",
        "pipeline": document,
        "source": source.for_child(),
        "target": ready.target.for_child() if ready.target else warehouse.connector(registry.settings),
        "targetTable": document["target"],
        "rowLimit": None,
        "fullRefresh": False,
        "hashKey": tenants.hash_key(registry, pipeline.tenant) if hashed else None,
    }
