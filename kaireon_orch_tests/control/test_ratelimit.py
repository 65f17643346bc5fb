"""The sliding window: counted in the registry, so that it survives a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from kaireon_orch.control import ratelimit
from kaireon_orch.control.ratelimit import SqlStorage
from kaireon_orch.errors import RateLimited
from kaireon_orch.store.tables import RateHit

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry


def test_each_call_is_counted_and_told(registry: Registry, admin: Caller) -> None:
    assert ratelimit.state(registry, admin.tenant).remaining == 100
    first = ratelimit.hit(registry, admin.tenant)
    second = ratelimit.hit(registry, admin.tenant)
    assert (first.limit, first.remaining, first.window) == (100, 99, 60)
    assert second.remaining == 98
    assert 58 <= second.reset_seconds <= 60


def test_past_the_limit_it_says_how_long_and_counts_no_further(registry: Registry, admin: Caller) -> None:
    for _ in range(100):
        ratelimit.hit(registry, admin.tenant)
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            ratelimit.hit(registry, admin.tenant)
        assert 1 <= caught.value.retry_after <= 60
    _age(registry, admin.tenant, seconds=61)
    assert ratelimit.hit(registry, admin.tenant).remaining == 99


def test_tenants_do_not_share_it(registry: Registry, admin: Caller, stranger: Caller) -> None:
    ratelimit.hit(registry, admin.tenant)
    assert ratelimit.state(registry, stranger.tenant).remaining == 100


def test_drafts_are_limited_per_host(registry: Registry, admin: Caller) -> None:
    for _ in range(10):
        ratelimit.hit_host(registry, admin.tenant, "db.example.com")
    with pytest.raises(RateLimited):
        ratelimit.hit_host(registry, admin.tenant, "db.example.com")
    ratelimit.hit_host(registry, admin.tenant, "other.example.com")


def test_the_storage_keeps_the_librarys_manners(registry: Registry, admin: Caller) -> None:
    storage = SqlStorage(registry.database)
    assert storage.check()
    assert not storage.acquire_entry(admin.tenant, 3, 60, amount=4)
    assert storage.acquire_entry(admin.tenant, 3, 60, amount=3)
    assert storage.incr(admin.tenant, 60, amount=2) == 5
    assert storage.get(admin.tenant) == 5
    assert abs(storage.get_expiry(admin.tenant) - time.time()) < 5
    storage.clear(admin.tenant)
    assert storage.get_moving_window(admin.tenant, 3, 60)[1] == 0


def _age(registry: Registry, tenant: str, *, seconds: int) -> None:
    with registry.database.write() as session:
        aged = update(RateHit).where(RateHit.bucket.contains(f"/{tenant}/"))
        session.execute(aged.values(at=RateHit.at - seconds * 1000))
