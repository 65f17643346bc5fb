"""The circuit breaker in Redis: one hash per connector, each step one script, so that all processes share it.

The clock is Redis's own: processes on several hosts agree about when a connector has rested. The set of connectors
that are not closed is kept beside, so that counting them looks at no other key.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kaireon_orch.control.breaker_answer import Answer

if TYPE_CHECKING:
    from kaireon_orch.store.redis import RedisStore

PREFIX = "kaireon:breaker:"
NOT_CLOSED = "kaireon:breakers"
FORGOTTEN_AFTER_MS = 30 * 24 * 3600 * 1000  # of a connector that nobody tests any more

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_ADMIT = f"""{_NOW}
local state, retry_at, lease_until = unpack(redis.call('HMGET', KEYS[1], 'state', 'retry_at', 'lease_until'))
if not state or state == 'closed' then return {{'pass', 0, now}} end
local rests_until = tonumber(state == 'open' and retry_at or lease_until)
if rests_until > now then return {{'rest', rests_until, now}} end
redis.call('HSET', KEYS[1], 'state', 'half_open', 'lease_until', now + ARGV[1])
return {{'trial', 0, now}}
"""
_RESTS = f"""{_NOW}
local state, retry_at = unpack(redis.call('HMGET', KEYS[1], 'state', 'retry_at'))
if state == 'open' and tonumber(retry_at) > now then return {{'rest', tonumber(retry_at), now}} end
return {{'pass', 0, now}}
"""
_FAILED = f"""{_NOW}
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
local state = redis.call('HGET', KEYS[1], 'state') or 'closed'
if state == 'half_open' or failures >= tonumber(ARGV[1]) then
  state = 'open'
  redis.call('SADD', KEYS[2], ARGV[4])
end
redis.call('HSET', KEYS[1], 'state', state, 'retry_at', now + ARGV[2], 'lease_until', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""
_RELEASED = f"""{_NOW}
if redis.call('HGET', KEYS[1], 'state') == 'half_open' then
  redis.call('HSET', KEYS[1], 'state', 'open', 'retry_at', now, 'lease_until', 0)
end
"""
_RESET = """
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
"""


def admit(store: RedisStore, connector_id: str, lease_ms: int) -> Answer:
    """Let a test through; one caller gets the trial call once the connector has rested, for `lease_ms`."""
    return _answer(_run(store, _ADMIT, connector_id, lease_ms))


def rests(store: RedisStore, connector_id: str) -> Answer:
    """Whether runs are to wait; nothing is changed."""
    return _answer(_run(store, _RESTS, connector_id))


def failed(store: RedisStore, connector_id: str, *, limit: int, rest_ms: int) -> None:
    """Count a failure: the trial's opens it again, the `limit`th opens it, for `rest_ms`."""
    _run(store, _FAILED, connector_id, limit, rest_ms, FORGOTTEN_AFTER_MS + rest_ms, connector_id)


def released(store: RedisStore, connector_id: str) -> None:
    """Give the trial call back."""
    _run(store, _RELEASED, connector_id)


def reset(store: RedisStore, connector_id: str) -> None:
    """Forget the past."""
    _run(store, _RESET, connector_id, connector_id)


def states(store: RedisStore) -> dict[str, int]:
    """How many connectors rest (`open`) or are being tried again (`half_open`)."""
    with store.seam():
        members: Any = store.client.smembers(NOT_CLOSED)
        asked = store.client.pipeline(transaction=False)
        for member in members:
            asked.hget(PREFIX + member.decode(), "state")
        return Counter(state.decode() for state in asked.execute() if state is not None)


def _run(store: RedisStore, source: str, connector_id: str, *arguments: str | int) -> Any:  # noqa: ANN401  the script's
    with store.seam():
        return store.script(source)(keys=[PREFIX + connector_id, NOT_CLOSED], args=arguments)


def _answer(told: Any) -> Answer:  # noqa: ANN401  the script's
    verdict, until, now = told
    return Answer(verdict.decode(), until, now)
