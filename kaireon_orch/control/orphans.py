"""Runs whose process was killed: they are ended by the next run of their pipeline, or by whoever looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from kaireon_orch import launch
from kaireon_orch.control import liveness, run_records
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.run_views import ENDED
from kaireon_orch.errors import Fault, FaultCode, Unavailable
from kaireon_orch.store.tables import Run

if TYPE_CHECKING:
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_requests import RunRequest

SILENT_MS = 15_000  # a run that is well writes every 5 s
# Of a run elsewhere nobody here can tell more; between two tries it may rest for an hour.
LOST_ELSEWHERE_MS = 2 * 3600 * 1000


def settle_others(registry: Registry, run: RunRequest) -> None:
    """End the other runs of the pipeline whose process is gone."""
    others = select(Run).where(
        Run.tenant == run.tenant,
        Run.pipeline_id == run.pipeline.id,
        Run.status == "running",
        Run.id != run.run_id,
    )
    with registry.database.read() as session:
        gone = [row for row in session.scalars(others) if _is_gone(row)]
    for row in gone:
        _settle(registry, row, "failed", _died())


def settle_silent(registry: Registry, row: Run) -> bool:
    """End a run that has been silent for long where its process is gone or Dagster says that it ended; whether it did.

    A Dagster that is out of reach says nothing.
    """
    if row.status in ENDED or now_ms() - row.updated_at <= SILENT_MS:
        return False
    if row.status == "running" and _is_gone(row):
        return _settle(registry, row, "failed", _died())
    if row.dagster_run is None:
        # Whoever recorded the run was to execute it at once.
        return row.status == "pending" and _settle(registry, row, "failed", _died())
    if _is_here(row):
        return False
    try:
        return _settle_as(registry, row, launch.run_status(registry.settings, row.dagster_run))
    except Unavailable:
        return False


def settle_canceled(registry: Registry, row: Run) -> bool:
    """End a run that was stopped before anybody executed it; whether it had not ended already."""
    return _settle(registry, row, "canceled", Fault(FaultCode.CANCELED, "The run was canceled."))


def _settle_as(registry: Registry, row: Run, dagster_status: str | None) -> bool:
    match dagster_status:
        case "SUCCESS":
            return _settle(registry, row, "completed", None)
        case "CANCELED":
            return settle_canceled(registry, row)
        case "FAILURE":
            return _settle(registry, row, "failed", _died())
        # A run that executes goes on though Dagster's record of it was deleted.
        case None if row.status == "pending":
            return _settle(registry, row, "failed", _died())
    return False


def _settle(registry: Registry, row: Run, status: str, error: Fault | None) -> bool:
    with registry.database.write() as session:
        return run_records.settle(session, row.id, status, error)


def _is_gone(row: Run) -> bool:
    """Whether the process that executes a `running` run is certainly not there any more."""
    alive = liveness.alive(row.holder) if row.holder else None
    return alive is False or (alive is None and now_ms() - row.updated_at > LOST_ELSEWHERE_MS)


def _is_here(row: Run) -> bool:
    return row.holder is not None and liveness.alive(row.holder) is True


def _died() -> Fault:
    words = "The process that ran it ended without a word. What it had not committed is not in the target; run it again."
    return Fault(FaultCode.CHILD_DIED, words)
