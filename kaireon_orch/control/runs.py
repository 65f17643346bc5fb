"""Runs: start one in Dagster, look at them, stop one; and the request of a run without Dagster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from kaireon_orch import launch as dagster
from kaireon_orch.control import audit, orphans, pages
from kaireon_orch.control.caller import require
from kaireon_orch.control.launches import WRITERS, RunDraft, launch, local_request
from kaireon_orch.control.pages import Page
from kaireon_orch.control.run_records import find
from kaireon_orch.control.run_views import (
    ENDED,
    STATUSES,
    RunEventView,
    RunView,
    event_view,
    run_view,
)
from kaireon_orch.errors import AlreadyEnded, FieldError, InvalidInput, Unavailable
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Run
from kaireon_orch.store.tables import RunEvent as EventRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

__all__ = ["RunDraft", "cancel", "events", "get", "launch", "list_page", "local_request"]

ENTITY = "run"


def get(registry: Registry, caller: Caller, run_id: str) -> RunView:
    """One run; one that has been silent for long is settled first. Raises `NotFound`."""
    with registry.database.read() as session:
        row = find(session, caller.tenant, run_id)
    if orphans.settle_silent(registry, row):
        with registry.database.read() as session:
            row = find(session, caller.tenant, run_id)
    return run_view(row, registry.settings)


def list_page(
    registry: Registry,
    caller: Caller,
    *,
    limit: int | str | None = None,
    cursor: str | None = None,
    pipeline_id: str | None = None,
    status: str | None = None,
) -> Page[RunView]:
    """The tenant's runs, newest first. Raises `InvalidInput` for a bad limit, cursor or status."""
    statement = scoped.rows(Run, caller.tenant)
    if pipeline_id is not None:
        statement = statement.where(Run.pipeline_id == pipeline_id)
    if status is not None:
        statement = statement.where(Run.status == _checked_status(status))
    with registry.database.read() as session:
        page = pages.fetch(
            session,
            statement,
            (Run.queued_at, Run.id),
            limit=limit,
            cursor=cursor,
            time_of=lambda run_id: _queued_at(session, caller.tenant, run_id),
        )
    return page.shown(lambda row: run_view(row, registry.settings))


def events(
    registry: Registry,
    caller: Caller,
    run_id: str,
    *,
    limit: int | str | None = None,
    cursor: str | None = None,
) -> Page[RunEventView]:
    """What a run said, newest first. Raises `NotFound`, and `InvalidInput` for a bad limit or cursor."""
    size = pages.checked_limit(limit)
    of_run = EventRow.run_id == run_id
    before = [] if cursor is None else [EventRow.seq < _seq(cursor)]
    statement = select(EventRow).where(of_run, *before).order_by(EventRow.seq.desc()).limit(size + 1)
    with registry.database.read() as session:
        find(session, caller.tenant, run_id)
        total = session.scalar(select(func.count()).where(of_run)) or 0
        found = [event_view(row) for row in session.scalars(statement)]
    data, more = found[:size], len(found) > size
    return Page(data, total, more, size, data[-1].id if more else None)


def cancel(registry: Registry, caller: Caller, run_id: str) -> RunView:
    """Ask a run to stop; whoever executes it does so within a second, and leaves nothing in the target.

    Raises `NotFound`, and `AlreadyEnded` for a run that has ended.
    """
    with audit.refusals(registry, caller, "cancel", ENTITY, run_id):
        require(caller, *WRITERS)
        row = _asked_to_stop(registry, caller, run_id)
    # Of several pipelines in one run of Dagster's each is stopped by the registry's request alone.
    if row.dagster_run == row.id:
        _stop_in_dagster(registry, row)
    return get(registry, caller, run_id)


def _asked_to_stop(registry: Registry, caller: Caller, run_id: str) -> Run:
    with registry.change(caller.tenant) as session:
        row = find(session, caller.tenant, run_id)
        if row.status in ENDED:
            raise AlreadyEnded(f"The run has ended: it is {row.status}.")
        session.execute(scoped.changing(Run, caller.tenant, run_id).values(cancel_requested=True))
        audit.record(session, caller, "cancel", ENTITY, run_id, None, after={"pipelineId": row.pipeline_id})
        return row


def _stop_in_dagster(registry: Registry, row: Run) -> None:
    """The registry's request reaches a run that executes; one that waits in Dagster's queue is stopped there."""
    try:
        dagster.cancel_run(registry.settings, row.id)
        waiting = row.status == "pending" and dagster.run_status(registry.settings, row.id) == "CANCELED"
    except Unavailable:
        if row.status == "pending":
            raise
        return
    if waiting:
        orphans.settle_canceled(registry, row)


def _queued_at(session: Session, tenant: str, run_id: str) -> int:
    row = session.scalars(scoped.row(Run, tenant, run_id)).one_or_none()
    if row is None:
        raise pages.bad_cursor()
    return row.queued_at


def _seq(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):  # noqa: PLR2004  more than any run says
        raise pages.bad_cursor()
    return int(cursor)


def _checked_status(status: str) -> str:
    if status not in STATUSES:
        words = f"must be one of {', '.join(sorted(STATUSES))}"
        raise InvalidInput("The filter is unknown.", [FieldError("status", words)])
    return status
