"""Figures over all tenants, for the operator's monitoring: no name, no id, nothing of one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from kaireon_orch.control.run_views import STATUSES
from kaireon_orch.store.tables import Run

if TYPE_CHECKING:
    from kaireon_orch.control.registry import Registry


@dataclass(frozen=True, slots=True)
class RunFigures:
    """How many runs, and how many rows they read, loaded and rejected."""

    runs: int = 0
    read: int = 0
    loaded: int = 0
    rejected: int = 0


def of_runs(registry: Registry) -> dict[str, RunFigures]:
    """Figures by status, every status named. Raises `Unavailable`."""
    summed = (
        func.coalesce(func.sum(column), 0) for column in (Run.rows_read, Run.rows_loaded, Run.rows_rejected)
    )
    statement = select(Run.status, func.count(), *summed).group_by(Run.status)
    with registry.database.read() as session:
        found = {status: RunFigures(*map(int, counts)) for status, *counts in session.execute(statement)}
    return {status: found.get(status, RunFigures()) for status in sorted(STATUSES)}
