"""Sliding windows shared by every process: the `limits` library's moving window.

They live in Redis where there is one, else in the registry's own table.
"""

from __future__ import annotations

import math
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from kaireon_orch.errors import RateLimited
from kaireon_orch.store.tables import RateHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from kaireon_orch.control.registry import Registry
    from kaireon_orch.store.database import Database

HOST_LIMIT = RateLimitItemPerSecond(10, 60, namespace="draft-host")


@dataclass(frozen=True, slots=True)
class RateState:
    """A window after a call: `remaining` calls of `limit` in `window` seconds; the oldest leaves in `reset_seconds`."""

    limit: int
    remaining: int
    reset_seconds: int
    window: int


class SqlStorage(Storage, MovingWindowSupport):
    """Hits as rows, one bucket a key. Taking one counts and writes under one lock, so that processes never overshoot."""

    STORAGE_SCHEME = None

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What the library may wrap; our seam has translated the rest."""
        return SQLAlchemyError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take `amount` entries unless that makes more than `limit` in `expiry` seconds."""
        with self.database.write() as session:
            _lock(session, key)
            now = time.time_ns() // 1_000_000
            session.execute(delete(RateHit).where(RateHit.bucket == key, RateHit.at <= now - expiry * 1000))
            held = session.execute(select(func.count()).where(RateHit.bucket == key)).scalar_one()
            if held + amount > limit:
                return False
            session.add_all(RateHit(bucket=key, at=now) for _ in range(amount))
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest hit of the window in seconds since the epoch (now where there is none), and how many there are."""
        del limit
        now = time.time()
        inside = (RateHit.bucket == key, RateHit.at > (now - expiry) * 1000)
        with self.database.read() as session:
            oldest, count = session.execute(select(func.min(RateHit.at), func.count()).where(*inside)).one()
        return (oldest / 1000 if count else now), count

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit; the moving window does not ask for it."""
        with self.database.write() as session:
            _lock(session, key)
            session.add_all(RateHit(bucket=key, at=time.time_ns() // 1_000_000) for _ in range(amount))
        return self.get_moving_window(key, 0, expiry)[1]

    def get(self, key: str) -> int:
        """How many hits are kept."""
        with self.database.read() as session:
            return session.execute(select(func.count()).where(RateHit.bucket == key)).scalar_one()

    def get_expiry(self, key: str) -> float:
        """When the newest hit was, in seconds since the epoch."""
        with self.database.read() as session:
            newest = session.scalar(select(func.max(RateHit.at)).where(RateHit.bucket == key))
        return time.time() if newest is None else newest / 1000

    def check(self) -> bool:
        """Whether the registry answers; raises `Unavailable` else."""
        self.database.ping()
        return True

    def reset(self) -> int | None:
        """Forget every hit."""
        with self.database.write() as session:
            return len(session.scalars(delete(RateHit).returning(RateHit.id)).all())

    def clear(self, key: str) -> None:
        """Forget the hits of one key."""
        with self.database.write() as session:
            session.execute(delete(RateHit).where(RateHit.bucket == key))


def hit(registry: Registry, tenant: str) -> RateState:
    """Count one test of the tenant; `RateLimited` with the seconds to wait where the window is full."""
    item = _tests(registry)
    with _limiter(registry) as limiter:
        counted = limiter.hit(item, tenant)
    if counted:
        return state(registry, tenant)
    wait = max(1, state(registry, tenant).reset_seconds)
    raise RateLimited(f"Too many tests: at most {item.amount} in {item.get_expiry()} s; wait {wait} s.", wait)


def state(registry: Registry, tenant: str) -> RateState:
    """The tenant's window as it is, without counting."""
    with _limiter(registry) as limiter:
        return _state(limiter, _tests(registry), tenant)


def hit_host(registry: Registry, tenant: str, host: str) -> None:
    """Count one test of a draft against its target host; `RateLimited` past ten a minute.

    Without it a draft's test would be a port scanner that no breaker stops.
    """
    target = host[:120]
    with _limiter(registry) as limiter:
        if limiter.hit(HOST_LIMIT, tenant, target):
            return
        wait = max(1, _state(limiter, HOST_LIMIT, tenant, target).reset_seconds)
    raise RateLimited(f"Too many tests of unsaved connectors against this host; wait {wait} s.", wait)


def _state(limiter: MovingWindowRateLimiter, item: RateLimitItemPerSecond, *bucket: str) -> RateState:
    reset, remaining = limiter.get_window_stats(item, *bucket)
    seconds = max(0, math.ceil(reset - time.time()))
    return RateState(item.amount, max(0, remaining), seconds, item.get_expiry())


def _tests(registry: Registry) -> RateLimitItemPerSecond:
    rate = registry.settings.test_rate_limit
    return RateLimitItemPerSecond(rate.limit, rate.seconds, namespace="tests")


@contextmanager
def _limiter(registry: Registry) -> Iterator[MovingWindowRateLimiter]:
    """The limiter for a block in which Redis's errors, where it is Redis, become ours."""
    if registry.redis is None:
        yield MovingWindowRateLimiter(SqlStorage(registry.database))
        return
    with registry.redis.seam():
        yield MovingWindowRateLimiter(registry.redis.windows)


def _lock(session: Session, key: str) -> None:
    """One taker at a time; SQLite's writer is alone already."""
    if session.get_bind().dialect.name == "postgresql":
        parameters: dict[str, Any] = {"space": 7_264, "key": zlib.crc32(key.encode()) - 2**31}
        session.execute(text("SELECT pg_advisory_xact_lock(:space, :key)"), parameters)
