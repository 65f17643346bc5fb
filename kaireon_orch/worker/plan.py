"""Job `plan`: what a run of a pipeline would do, by the run's own code; nothing is read, made or locked.

Payload as that of `run`; result `{"table", "exists", "columns": […], "untouched", "note", "refused"}`: a column is
`{name, sourceName, sourceType, arrowType, targetArrowType, targetType, fidelity, reason, action}`, `untouched` are the
table's columns that get their default or NULL, `refused` is `{code, message}` of the fault that a run would end with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.errors import RETRYABLE, Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement.fidelity import verdict
from kaireon_orch.movement.move import drafted
from kaireon_orch.movement.plan import Action
from kaireon_orch.worker.opening import open_source
from kaireon_orch.worker.run import demand_held, open_target, order_of, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.target import Target
    from kaireon_orch.movement.columns import ColumnStep
    from kaireon_orch.movement.move import Draft
    from kaireon_orch.movement.plan import Met
    from kaireon_orch.worker.job import Job

NOT_THE_PIPELINES: Final = RETRYABLE | {
    FaultCode.CREDENTIALS_REFUSED,
    FaultCode.ADDRESS_BLOCKED,
    FaultCode.TLS_FAILED,
    FaultCode.UNEXPECTED,
}
"""Faults of an end that could not be asked: there is no plan then. Others are what a run would be refused with."""


def work(job: Job) -> dict[str, Any]:
    """Draft the load. Raises the `Fault` of an end that cannot be opened."""
    order = order_of(job.payload, read_source(job.payload), job.folder)
    demand_held(order.mode, job.payload["source"]["type"], job.payload["target"]["type"])
    with open_source(job, job.payload["source"]) as source, open_target(job, job.payload["target"]) as target:
        look = target.look(order.table)
        try:
            draft = drafted(source, target, look, order)
        except Fault as fault:
            if fault.fault in NOT_THE_PIPELINES:
                raise
            return _undrafted(str(order.table), fault)
        finally:
            look.abort()
        return {"table": str(order.table), **_drafted(draft, target)}


def _undrafted(table: str, fault: Fault) -> dict[str, Any]:
    """A load that is refused before its columns are known."""
    nothing: dict[str, Any] = {"exists": None, "columns": [], "untouched": [], "note": None}
    return {"table": table, **nothing, "refused": _refusal(fault)}


def _drafted(draft: Draft, target: Target) -> dict[str, Any]:
    shape = draft.shape
    taken = {each.given.name for each in draft.met}
    columns = () if shape is None else shape.columns
    found: dict[str, Any] = {
        "exists": shape is not None,
        "columns": list(_columns(draft, target)),
        "untouched": [column.name for column in columns if column.name not in taken],
        "note": None,
        "refused": None,
    }
    try:
        _, found["note"] = draft.settled()
    except Fault as fault:
        found["refused"] = _refusal(fault)
    return found


def _refusal(fault: Fault) -> dict[str, str]:
    return {"code": fault.code, "message": fault.message}


def _columns(draft: Draft, target: Target) -> Iterator[dict[str, Any]]:
    for step, met in zip(draft.shaped.steps, draft.met, strict=True):
        yield _column(draft, target, step, met)


def _column(draft: Draft, target: Target, step: ColumnStep, met: Met) -> dict[str, Any]:
    given = draft.reading.schema.field(step.source)
    found = verdict(given, step, met)
    return {
        "name": step.field.name,
        "sourceName": step.source,
        "sourceType": draft.reading.column_types.get(step.source, ""),
        "arrowType": arrow.type_words(given.type),
        "targetArrowType": arrow.type_words(met.becomes.type),
        "targetType": _native(draft, target, met),
        "fidelity": found.fidelity.value,
        "reason": found.reason,
        "action": met.action.value,
    }


def _native(draft: Draft, target: Target, met: Met) -> str | None:
    """The table's type after the load; None for a column that does not get there."""
    if met.action is Action.KEEP and met.column is not None:
        return met.column.native
    if met.action in {Action.LEAVE_OUT, Action.REFUSE}:
        return None if met.column is None else met.column.native
    if draft.passage is not None:
        return draft.passage.words[str(met.given.name)]
    return target.native(met.becomes)
