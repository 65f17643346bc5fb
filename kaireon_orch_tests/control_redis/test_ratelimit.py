"""The sliding window in Redis, and what happens when Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from kaireon_orch.control import breaker, ratelimit
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import RateLimited, SettingsError, Unavailable
from kaireon_orch.settings import load
from kaireon_orch.store.tables import RateHit
from kaireon_orch_tests.control_redis.conftest import new_caller, opened
from kaireon_orch_tests.servers.redis import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.caller import Caller
    from kaireon_orch_tests.servers.redis import RedisServer


def test_it_counts_there_and_not_in_the_registry(registry: Registry, caller: Caller) -> None:
    assert ratelimit.state(registry, caller.tenant).remaining == 100
    first = ratelimit.hit(registry, caller.tenant)
    second = ratelimit.hit(registry, caller.tenant)
    assert (first.limit, first.remaining, first.window, second.remaining) == (100, 99, 60, 98)
    assert 58 <= second.reset_seconds <= 60
    with registry.database.read() as session:
        assert session.scalar(select(func.count()).select_from(RateHit)) == 0


def test_past_the_limit_it_says_how_long(registry: Registry, caller: Caller) -> None:
    for _ in range(100):
        ratelimit.hit(registry, caller.tenant)
    with pytest.raises(RateLimited) as caught:
        ratelimit.hit(registry, caller.tenant)
    assert 1 <= caught.value.retry_after <= 60
    ratelimit.hit(registry, new_caller(registry).tenant)


def test_drafts_are_limited_per_host(registry: Registry, caller: Caller) -> None:
    for _ in range(10):
        ratelimit.hit_host(registry, caller.tenant, "db.example.com")
    with pytest.raises(RateLimited):
        ratelimit.hit_host(registry, caller.tenant, "db.example.com")


def test_without_redis_it_says_so_and_it_heals_by_itself(
    own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    registry = opened(tmp_path_factory, own_redis)
    tenant = new_caller(registry).tenant
    ratelimit.hit(registry, tenant)
    own_redis.stop()
    for act in (ratelimit.hit, ratelimit.state, breaker.admit, breaker.demand_closed):
        with pytest.raises(Unavailable, match="KAIREON_REDIS_URL") as caught:
            act(registry, tenant)
        assert PASSWORD not in repr(caught.value.__cause__) + caught.value.message
    own_redis.start()
    assert ratelimit.hit(registry, tenant).remaining == 99
    assert breaker.admit(registry, "conn_x") is False
    registry.close()


def test_a_wrong_password_is_a_redis_out_of_reach(redis: RedisServer, tmp_path: Path) -> None:
    registry = Registry.open(load(tmp_path / "home", redis_url=redis.url.replace(PASSWORD, "wrong")))
    with pytest.raises(Unavailable):
        ratelimit.hit(registry, "t")
    registry.close()


def test_a_url_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KAIREON_REDIS_URL"):
        Registry.open(load(tmp_path / "home", redis_url="redis://host:port/0"))
