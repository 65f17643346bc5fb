"""The circuit breaker in the registry: one row per connector, changed by conditional UPDATEs, so that all processes share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kaireon_orch.control.breaker_answer import Answer
from kaireon_orch.control.clock import now_ms
from kaireon_orch.store.tables import Breaker

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.store.database import Database


def admit(database: Database, connector_id: str, lease_ms: int) -> Answer:
    """Let a test through; one caller wins the UPDATE to `half_open` once the connector has rested, for `lease_ms`."""
    now = now_ms()
    due = or_(
        and_(Breaker.state == "open", Breaker.retry_at <= now),
        and_(Breaker.state == "half_open", Breaker.lease_until <= now),
    )
    claim = update(Breaker).where(Breaker.connector_id == connector_id, due)
    claim = claim.values(state="half_open", lease_until=now + lease_ms)
    with database.write() as session:
        if session.execute(claim.returning(Breaker.connector_id)).one_or_none() is not None:
            return Answer("trial")
        row = session.get(Breaker, connector_id)
        if row is None or row.state == "closed":
            return Answer("pass")
        return Answer("rest", row.retry_at if row.state == "open" else row.lease_until, now)


def rests(database: Database, connector_id: str) -> Answer:
    """Whether runs are to wait; nothing is changed."""
    now = now_ms()
    resting = (Breaker.connector_id == connector_id, Breaker.state == "open", Breaker.retry_at > now)
    with database.read() as session:
        retry_at = session.scalar(select(Breaker.retry_at).where(*resting))
    return Answer("pass") if retry_at is None else Answer("rest", retry_at, now)


def failed(session: Session, connector_id: str, *, limit: int, rest_ms: int) -> None:
    """Count a failure: the trial's opens it again, the `limit`th opens it, for `rest_ms`."""
    retry_at = now_ms() + rest_ms
    new = {
        "connector_id": connector_id,
        "state": "open" if limit == 1 else "closed",
        "failures": 1,
        "retry_at": retry_at,
        "lease_until": 0,
    }
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(Breaker)
        .values(new)
        .on_conflict_do_update(
            index_elements=[Breaker.connector_id],
            set_={"failures": Breaker.failures + 1, "retry_at": retry_at, "lease_until": 0},
        )
    )
    session.execute(counted)
    opens = or_(Breaker.state == "half_open", Breaker.failures >= limit)
    session.execute(update(Breaker).where(Breaker.connector_id == connector_id, opens).values(state="open"))


def released(session: Session, connector_id: str) -> None:
    """Give the trial call back."""
    held = update(Breaker).where(Breaker.connector_id == connector_id, Breaker.state == "half_open")
    session.execute(held.values(state="open", retry_at=now_ms(), lease_until=0))


def reset(session: Session, connector_id: str) -> None:
    """Forget the past."""
    session.execute(delete(Breaker).where(Breaker.connector_id == connector_id))


def states(database: Database) -> dict[str, int]:
    """How many connectors rest (`open`) or are being tried again (`half_open`)."""
    counted = (
        select(Breaker.state, func.count().label("number"))
        .where(Breaker.state != "closed")
        .group_by(Breaker.state)
    )
    with database.read() as session:
        return {row.state: row.number for row in session.execute(counted)}
