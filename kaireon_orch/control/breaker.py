"""The circuit breaker: one row per connector, changed by conditional UPDATEs, so that all processes share it.

`closed` counts failures in a row; `open` refuses until `retry_at`; then one caller wins the UPDATE to `half_open` and
holds a lease for the one trial call. A lease that runs out (its process died) lets the next caller try.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kaireon_orch.control.clock import iso, now_ms
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.store.tables import Breaker

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.control.registry import Registry

LEASE_MARGIN_MS = 5_000


def admit(registry: Registry, connector_id: str) -> bool:
    """Let a test through, or raise `Fault` BREAKER_OPEN saying when the connector will be tried again.

    True where the test is the trial call: it ends by `succeeded`, `failed` or `released`.
    """
    now = now_ms()
    lease = now + int(registry.settings.probe_timeout_seconds * 1000) + LEASE_MARGIN_MS
    due = or_(
        and_(Breaker.state == "open", Breaker.retry_at <= now),
        and_(Breaker.state == "half_open", Breaker.lease_until <= now),
    )
    claim = update(Breaker).where(Breaker.connector_id == connector_id, due)
    claim = claim.values(state="half_open", lease_until=lease)
    with registry.database.write() as session:
        if session.execute(claim.returning(Breaker.connector_id)).one_or_none() is not None:
            return True
        row = session.get(Breaker, connector_id)
        if row is not None and row.state != "closed":
            raise _refusal(row.retry_at if row.state == "open" else row.lease_until, now)
    return False


def demand_closed(registry: Registry, connector_id: str) -> None:
    """Refuse a run while the connector is not to be tried: `Fault` BREAKER_OPEN. Runs are no trial calls."""
    now = now_ms()
    with registry.database.read() as session:
        retry_at = session.scalar(
            select(Breaker.retry_at).where(
                Breaker.connector_id == connector_id, Breaker.state == "open", Breaker.retry_at > now
            )
        )
    if retry_at is not None:
        raise _refusal(retry_at, now)


def succeeded(session: Session, connector_id: str) -> None:
    """Close it, within the transaction that stores the test's result."""
    reset(session, connector_id)


def failed(registry: Registry, session: Session, connector_id: str) -> None:
    """Count a failure of the peer: the trial's opens it again, the last allowed one opens it."""
    settings = registry.settings
    retry_at = now_ms() + int(settings.breaker_reset_seconds * 1000)
    insert = sqlite.insert if registry.database.embedded else postgresql.insert
    first = "open" if settings.breaker_failures == 1 else "closed"
    new = {
        "connector_id": connector_id,
        "state": first,
        "failures": 1,
        "retry_at": retry_at,
        "lease_until": 0,
    }
    counted = (
        insert(Breaker)
        .values(new)
        .on_conflict_do_update(
            index_elements=[Breaker.connector_id],
            set_={"failures": Breaker.failures + 1, "retry_at": retry_at, "lease_until": 0},
        )
    )
    session.execute(counted)
    opens = or_(Breaker.state == "half_open", Breaker.failures >= settings.breaker_failures)
    session.execute(update(Breaker).where(Breaker.connector_id == connector_id, opens).values(state="open"))


def released(session: Session, connector_id: str) -> None:
    """Give the trial call back, by who holds it: it ended with something that says nothing about the peer."""
    held = update(Breaker).where(Breaker.connector_id == connector_id, Breaker.state == "half_open")
    session.execute(held.values(state="open", retry_at=now_ms(), lease_until=0))


def reset(session: Session, connector_id: str) -> None:
    """Forget the past: a test passed, or the connector was changed."""
    session.execute(delete(Breaker).where(Breaker.connector_id == connector_id))


def _refusal(retry_at: int, now: int) -> Fault:
    seconds = max(1, math.ceil((retry_at - now) / 1000))
    words = f"The last tests failed, so this connector rests; it is tried again in {seconds} s, at {iso(retry_at)}."
    return Fault(FaultCode.BREAKER_OPEN, words, retryable=True)
