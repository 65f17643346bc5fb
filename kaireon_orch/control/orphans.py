"""Runs whose process was killed: they are ended by the next run of their pipeline, or by whoever looks at them."""

from __future__ import annotations

import logging
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from kaireon_orch import launch
from kaireon_orch.control import liveness, remembered, run_records
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.run_requests import Figures
from kaireon_orch.control.run_views import ENDED
from kaireon_orch.errors import Fault, FaultCode, Unavailable
from kaireon_orch.store.tables import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_requests import RunRequest

LOG = logging.getLogger(__name__)

COMPLETED = frozenset({"completed", "completed_with_errors"})
MOST_UNSURE = 20
SILENT_MS = 15_000  # a run that is well writes every 5 s
TRIED_AGAIN_MS = 90_000  # by then Dagster has noticed that a worker is lost, and started another one
# Of a run elsewhere nobody here can tell more; between two tries it may rest for an hour.
LOST_ELSEWHERE_MS = 2 * 3600 * 1000


def settle_others(registry: Registry, run: RunRequest, target: OpenedConnector | None) -> None:
    """End the other runs of the pipeline whose process is gone, as the target's ledger says.

    A run whose end nobody saw, though it was reported as failed, is completed where its rows are in the target. A
    target that cannot be asked now is asked by the next run.
    """
    gone, unsure = _others(registry, run)
    if not (gone or unsure):
        return
    try:
        kept = remembered.entries(registry, run.pipeline, target, [row.id for row in (*gone, *unsure)])
    except Fault as fault:
        LOG.warning("What became of earlier runs is not known yet: %s", fault.message)
        kept = {}
    for row in (*gone, *unsure):
        if row.id in kept:
            _complete(registry, row, kept[row.id])
        elif row in gone:
            _settle(registry, row, "failed", _died())


def _others(registry: Registry, run: RunRequest) -> tuple[list[Run], list[Run]]:
    """Runs whose process is gone; and those since the last completed one that ended while they may have committed."""
    others = select(Run).where(
        Run.tenant == run.tenant, Run.pipeline_id == run.pipeline.id, Run.id != run.run_id
    )
    running = others.where(Run.status == "running")
    newest = others.where(Run.status.in_(ENDED)).order_by(Run.queued_at.desc()).limit(MOST_UNSURE)
    with registry.database.read() as session:
        gone = [row for row in session.scalars(running) if _is_gone(row)]
        ended = takewhile(lambda row: row.status not in COMPLETED, session.scalars(newest).all())
        return gone, [row for row in ended if row.error_code in remembered.UNSURE and row.rows_read]


def _complete(registry: Registry, row: Run, kept: Mapping[str, Any]) -> None:
    figures = Figures.of(kept["figures"])
    status = "completed_with_errors" if figures.rows_rejected else "completed"
    with registry.database.write() as session:
        run_records.correct(session, row.id, status, figures, kept["receipt"])


def settle_silent(registry: Registry, row: Run) -> bool:
    """End a run that has been silent for long where its process is gone or Dagster says that it ended; whether it did.

    A Dagster that is out of reach says nothing.
    """
    if row.status in ENDED or now_ms() - row.updated_at <= SILENT_MS:
        return False
    if row.status == "running" and _is_gone(row):
        return not _is_tried_again(registry, row) and _settle(registry, row, "failed", _died())
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


def _is_tried_again(registry: Registry, row: Run) -> bool:
    """Whether Dagster has yet to notice that the worker is lost, or is about to start the run in another one."""
    if row.dagster_run is None or now_ms() - row.updated_at > TRIED_AGAIN_MS:
        return False
    try:
        return launch.goes_on(registry.settings, row.dagster_run)
    except Unavailable:
        return False


def _is_here(row: Run) -> bool:
    return row.holder is not None and liveness.alive(row.holder) is True


def _died() -> Fault:
    words = "The process that ran it ended without a word. What it had not committed is not in the target; run it again."
    return Fault(FaultCode.CHILD_DIED, words)
