"""How each pipeline's newest run went."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from kaireon_orch.control.clock import iso
from kaireon_orch.store.tables import Run

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


class LastRun(NamedTuple):
    """`at` is when it started, or was queued where it has not; ISO 8601."""

    id: str
    status: str
    at: str


def of_pipelines(session: Session, tenant: str, pipeline_ids: Collection[str]) -> dict[str, LastRun]:
    """The newest run of each pipeline that has one."""
    newest_first = func.row_number().over(
        partition_by=Run.pipeline_id, order_by=(Run.queued_at.desc(), Run.id.desc())
    )
    ranked = (
        select(
            Run.pipeline_id,
            Run.id,
            Run.status,
            func.coalesce(Run.started_at, Run.queued_at).label("at"),
            newest_first.label("place"),
        )
        .where(Run.tenant == tenant, Run.pipeline_id.in_(pipeline_ids))
        .subquery()
    )
    found = session.execute(select(ranked).where(ranked.c.place == 1))
    return {row.pipeline_id: LastRun(row.id, row.status, iso(row.at)) for row in found}
