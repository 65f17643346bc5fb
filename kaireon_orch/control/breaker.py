"""The circuit breaker of a connector, shared by all processes: in Redis where there is one, else in the registry.

`closed` counts failures in a row; `open` refuses until a time; then one caller gets the one trial call and a lease for
it (`half_open`). A lease that runs out (its process died) lets the next caller try.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kaireon_orch.control import breaker_redis, breaker_rows
from kaireon_orch.control.clock import iso
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.control.breaker_answer import Answer
    from kaireon_orch.control.registry import Registry

LEASE_MARGIN_MS = 5_000


def admit(registry: Registry, connector_id: str) -> bool:
    """Let a test through, or raise `Fault` BREAKER_OPEN saying when the connector will be tried again.

    True where the test is the trial call: it ends by `succeeded`, `failed` or `released`.
    """
    lease = int(registry.settings.probe_timeout_seconds * 1000) + LEASE_MARGIN_MS
    if registry.redis is None:
        answer = breaker_rows.admit(registry.database, connector_id, lease)
    else:
        answer = breaker_redis.admit(registry.redis, connector_id, lease)
    return _demand_no_rest(answer).verdict == "trial"


def demand_closed(registry: Registry, connector_id: str) -> None:
    """Refuse a run while the connector is not to be tried: `Fault` BREAKER_OPEN. Runs are no trial calls."""
    if registry.redis is None:
        _demand_no_rest(breaker_rows.rests(registry.database, connector_id))
    else:
        _demand_no_rest(breaker_redis.rests(registry.redis, connector_id))


def succeeded(registry: Registry, session: Session, connector_id: str) -> None:
    """Close it, within the transaction that stores the test's result."""
    reset(registry, session, connector_id)


def failed(registry: Registry, session: Session, connector_id: str) -> None:
    """Count a failure of the peer: the trial's opens it again, the last allowed one opens it."""
    limit = registry.settings.breaker_failures
    rest_ms = int(registry.settings.breaker_reset_seconds * 1000)
    if registry.redis is None:
        breaker_rows.failed(session, connector_id, limit=limit, rest_ms=rest_ms)
    else:
        breaker_redis.failed(registry.redis, connector_id, limit=limit, rest_ms=rest_ms)


def released(registry: Registry, session: Session, connector_id: str) -> None:
    """Give the trial call back, by who holds it: it ended with something that says nothing about the peer."""
    if registry.redis is None:
        breaker_rows.released(session, connector_id)
    else:
        breaker_redis.released(registry.redis, connector_id)


def reset(registry: Registry, session: Session, connector_id: str) -> None:
    """Forget the past: a test passed, or the connector was changed or deleted."""
    if registry.redis is None:
        breaker_rows.reset(session, connector_id)
    else:
        breaker_redis.reset(registry.redis, connector_id)


def states(registry: Registry) -> dict[str, int]:
    """How many breakers are `open` and `half_open`, in all tenants."""
    if registry.redis is None:
        return breaker_rows.states(registry.database)
    return breaker_redis.states(registry.redis)


def _demand_no_rest(answer: Answer) -> Answer:
    if answer.verdict != "rest":
        return answer
    seconds = max(1, math.ceil((answer.until - answer.now) / 1000))
    words = f"The last tests failed, so this connector rests; it is tried again in {seconds} s, at {iso(answer.until)}."
    raise Fault(FaultCode.BREAKER_OPEN, words, retryable=True)
