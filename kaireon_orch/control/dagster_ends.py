"""Runs that ended in Dagster without our code's having its say: the registry learns of them here.

Lost before their first step, canceled in a queue, killed while nobody looked: Dagster knows, and tells it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaireon_orch.control import liveness, run_records
from kaireon_orch.control.run_records import add_if_absent, pending
from kaireon_orch.control.run_requests import RunRequest
from kaireon_orch.control.run_views import ENDED
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.store.tables import Run

_NEVER_BEGAN = "Nothing of it is in the target. Its page in Dagster says more."
_WORDS: Mapping[str, tuple[FaultCode, str]] = {
    "START_TIMEOUT": (FaultCode.CHILD_DIED, f"The run's process did not start in time. {_NEVER_BEGAN}"),
    "JOB_INITIALIZATION_FAILURE": (
        FaultCode.NOT_RUNNABLE,
        f"Dagster could not prepare the run: its definitions or its config did not load. {_NEVER_BEGAN}",
    ),
    "STEP_FAILURE": (FaultCode.NOT_RUNNABLE, f"The run's step failed before its load began. {_NEVER_BEGAN}"),
}
_LOST = "The process that ran it ended without a word. What it had not committed is not in the target; run it again."


@dataclass(frozen=True, slots=True)
class End:
    """How a run of Dagster's ended. `reason` is Dagster's own word for why it failed; None: it was canceled."""

    dagster_run: str
    trigger: str
    reason: str | None

    @property
    def status(self) -> str:
        return "failed" if self.reason is not None else "canceled"

    @property
    def fault(self) -> Fault:
        """In words of ours: Dagster's may hold anything."""
        if self.reason is None:
            return Fault(FaultCode.CANCELED, "The run was canceled.")
        return Fault(*_WORDS.get(self.reason, (FaultCode.CHILD_DIED, _LOST)))


def settle(registry: Registry, pipelines: Mapping[str, PinnedPipeline], end: End) -> list[str]:
    """End what did not end by itself of the run's pipelines, given by the ids of their own runs; the ids of those.

    A run that never reached our code is recorded first. One whose process is still there ends by itself.
    """
    settled = []
    for run_id, pipeline in pipelines.items():
        with registry.change(pipeline.tenant) as session:
            row = _row(session, run_id, pipeline, end)
            if not _ends_by_itself(row) and run_records.settle(session, run_id, end.status, end.fault):
                settled.append(run_id)
    return settled


def _row(session: Session, run_id: str, pipeline: PinnedPipeline, end: End) -> Run:
    request = RunRequest(
        run_id=run_id,
        tenant=pipeline.tenant,
        pipeline=pipeline,
        trigger=end.trigger,
        dagster_run=end.dagster_run,
    )
    return add_if_absent(session, pending(request, None))


def _ends_by_itself(row: Run) -> bool:
    return row.status in ENDED or (row.holder is not None and liveness.alive(row.holder) is True)
