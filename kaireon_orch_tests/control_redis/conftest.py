"""A registry whose rate limits and breakers live in a real Redis."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import connectors, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load
from kaireon_orch_tests.servers.redis import redis, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.redis import RedisServer

__all__ = ["redis"]

_NUMBERS = itertools.count(1)


def opened(home: pytest.TempPathFactory, server: RedisServer) -> Registry:
    settings = load(home.mktemp("home"), redis_url=server.url, breaker_failures=3, breaker_reset_seconds=0.3)
    return Registry.open(settings)


@pytest.fixture(scope="session")
def registry(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    found = opened(tmp_path_factory, redis)
    yield found
    found.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that a test may stop."""
    with running() as server:
        yield server


@pytest.fixture
def caller(registry: Registry) -> Caller:
    return new_caller(registry)


def new_caller(registry: Registry) -> Caller:
    tenant = f"t{next(_NUMBERS)}"
    with registry.database.write() as session:
        tenants.ensure(registry, session, tenant)
    return Caller.operator(tenant)


@pytest.fixture
def connector_id(registry: Registry, caller: Caller) -> str:
    return connectors.create(registry, caller, {"name": "a", "type": "csv"}).id
