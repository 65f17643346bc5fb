"""A run's row: written when it starts, while it moves, and once at its end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from kaireon_orch.control import liveness
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.run_requests import Figures, RunEvent
from kaireon_orch.control.run_views import ENDED
from kaireon_orch.errors import NotFound
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector, Pipeline, Run
from kaireon_orch.store.tables import RunEvent as EventRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from kaireon_orch.control.run_requests import RunRequest
    from kaireon_orch.errors import KaireonError
    from kaireon_orch.store.database import Database

MAX_EVENTS = 2000  # of one run; what comes later is in Dagster's log alone
CORRECTED = (
    "The process that ran it ended without a word, but its rows were committed: the target's ledger has them."
)
MAX_MESSAGE = 4000  # characters


def pending(request: RunRequest, row_limit: int | None) -> dict[str, Any]:
    """The values of a run that has not started."""
    now = now_ms()
    return {
        "id": request.run_id,
        "tenant": request.tenant,
        "pipeline_id": request.pipeline.id,
        "revision": request.pipeline.revision,
        "status": "pending",
        "trigger": request.trigger,
        "dagster_run": request.dagster_run,
        "load_mode": request.pipeline.load_mode,
        "row_limit": row_limit,
        "queued_at": now,
        "updated_at": now,
    }


def find(session: Session, tenant: str, run_id: str) -> Run:
    """A tenant's run. Raises `NotFound`."""
    row = session.scalars(scoped.row(Run, tenant, run_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}.")
    return row


def add_if_absent(session: Session, values: Mapping[str, Any]) -> Run:
    """The run's row, made from `values` unless whoever executes it, or launched it, has made it already."""
    row = session.get(Run, values["id"], with_for_update=True)
    if row is None:
        row = Run(**values)
        session.add(row)
        session.flush()
    return row


class RunRecord:
    """One run's row, for the process that executes it. Every method raises `Unavailable` as the database does."""

    def __init__(self, database: Database, run_id: str) -> None:
        self.run_id = run_id
        self.figures = Figures()
        self.started_at = now_ms()
        self._database = database
        self._seq = 0

    def start(self, request: RunRequest) -> None:
        """Make the run `running` and this process its holder; an earlier try of the same run goes on under it."""
        with self._database.write() as session:
            row = add_if_absent(session, pending(request, request.row_limit))
            row.status, row.holder = "running", liveness.holder()
            row.dagster_run = request.dagster_run or row.dagster_run
            row.revision, row.load_mode = request.pipeline.revision, request.pipeline.load_mode
            row.error_code = row.error_message = row.message = row.ended_at = None
            row.started_at = row.started_at or self.started_at
            row.updated_at = now_ms()
            self.started_at = row.started_at
            self._seq = session.scalar(_last_event(self.run_id)) or 0

    def cap(self, row_limit: int | None) -> None:
        """Write which row limit holds."""
        with self._database.write() as session:
            session.execute(_row(self.run_id).values(row_limit=row_limit))

    def move(self, figures: Figures, events: Sequence[tuple[int, RunEvent]]) -> bool:
        """Write figures and events; whether somebody has asked for a cancel since."""
        with self._database.write() as session:
            self._write(session, figures, events)
            return bool(session.scalar(_asked_to_cancel(self.run_id)))

    def cancel_requested(self) -> bool:
        """Whether somebody has asked for a cancel."""
        with self._database.read() as session:
            return bool(session.scalar(_asked_to_cancel(self.run_id)))

    def complete(self, status: str, figures: Figures, ending: Mapping[str, Any]) -> None:
        """End the run well, with the other columns that its result fills."""
        self._end(status, figures, ending)

    def fail(self, error: KaireonError, *, status: str = "failed") -> None:
        """End the run with an error's code and words."""
        self._end(status, self.figures, {"error_code": error.code, "error_message": error.message})

    def wait(self, words: str) -> None:
        """Leave the run `running` between two tries, saying why."""
        with self._database.write() as session:
            session.execute(_row(self.run_id).values(message=words, updated_at=now_ms()))

    def _end(self, status: str, figures: Figures, ending: Mapping[str, Any]) -> None:
        values = {"status": status, "ended_at": now_ms(), "holder": None, **ending}
        with self._database.write() as session:
            self._write(session, figures, [])
            session.execute(_row(self.run_id).values(**values))
            _tell_connector(session, self.run_id, status, ending.get("error_message"))

    def _write(self, session: Session, figures: Figures, events: Sequence[tuple[int, RunEvent]]) -> None:
        self.figures = figures
        session.execute(_row(self.run_id).values(**asdict(figures), updated_at=now_ms()))
        for at, event in events:
            if self._seq >= MAX_EVENTS:
                return
            self._seq += 1
            session.add(_event(self.run_id, self._seq, at, event, figures))


def settle(session: Session, run_id: str, status: str, error: KaireonError | None = None) -> bool:
    """End a run from outside, unless it has ended by itself meanwhile; whether it was this that ended it."""
    now = now_ms()
    told = {"error_code": error.code, "error_message": error.message} if error else {}
    values = {"status": status, "holder": None, "ended_at": now, "updated_at": now, **told}
    statement = _row(run_id).where(Run.status.notin_(ENDED)).values(**values).returning(Run.id)
    settled = session.execute(statement).first() is not None
    if settled:
        _tell_connector(session, run_id, status, error.message if error else None)
    return settled


def correct(session: Session, run_id: str, status: str, figures: Figures, receipt: Mapping[str, Any]) -> None:
    """End a run as its target's ledger says, also one that was reported otherwise."""
    now = now_ms()
    values = {"status": status, "holder": None, "receipt": dict(receipt), "updated_at": now}
    told = {"error_code": None, "error_message": None, "message": CORRECTED}
    ended = func.coalesce(Run.ended_at, now)
    session.execute(_row(run_id).values(**asdict(figures), **values, **told, ended_at=ended))


def _tell_connector(session: Session, run_id: str, status: str, words: str | None) -> None:
    """The source's connector shows why its last run failed, until one succeeds. What a failed test says goes before.

    Its status and its version are its tests' and its editors'.
    """
    if status == "canceled":
        return
    sources = select(Pipeline.connector_id).join(Run, Run.pipeline_id == Pipeline.id).where(Run.id == run_id)
    untested = update(Connector).where(Connector.id.in_(sources), Connector.status != "error")
    if words is None:
        session.execute(untested.where(Connector.last_error.is_not(None)).values(last_error=None))
        return
    name = select(Pipeline.name).join(Run, Run.pipeline_id == Pipeline.id).where(Run.id == run_id)
    session.execute(untested.values(last_error=f"A run of {session.scalar(name)} failed: {words}"))


def _row(run_id: str) -> Any:  # noqa: ANN401  an UPDATE still without values
    return update(Run).where(Run.id == run_id)


def _asked_to_cancel(run_id: str) -> Any:  # noqa: ANN401  a SELECT of one bool
    return select(Run.cancel_requested).where(Run.id == run_id)


def _last_event(run_id: str) -> Any:  # noqa: ANN401  a SELECT of one number
    return select(func.max(EventRow.seq)).where(EventRow.run_id == run_id)


def _event(run_id: str, seq: int, at: int, event: RunEvent, figures: Figures) -> EventRow:
    told = event.figures or figures
    return EventRow(
        run_id=run_id,
        seq=seq,
        at=at,
        level=event.level,
        message=event.message[:MAX_MESSAGE],
        figures=told.to_json(),
    )
