"""Several processes on one Redis: one trial call, one limit."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import breaker
from kaireon_orch_tests.control import racing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.servers.redis import RedisServer

PROCESSES = 2


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as opened:
        list(opened.map(time.sleep, [0.5] * PROCESSES))
        yield opened


def race(
    pool: ProcessPoolExecutor, registry: Registry, server: RedisServer, name: str, arguments: tuple[Any, ...]
) -> Counter[str]:
    settings = registry.settings
    place = (str(settings.home), settings.registry_url, time.time() + 0.5, name, arguments, server.url)
    futures = [pool.submit(racing.work, *place) for _ in range(PROCESSES)]
    return Counter(code for future in futures for code in future.result(timeout=60))


def test_one_of_many_makes_the_trial_call(
    pool: ProcessPoolExecutor, registry: Registry, redis: RedisServer, connector_id: str
) -> None:
    with registry.database.write() as session:
        for _ in range(registry.settings.breaker_failures):
            breaker.failed(registry, session, connector_id)
    time.sleep(0.3)
    codes = race(pool, registry, redis, "claim", (connector_id, 20))
    assert codes == {"OK": 1, "BREAKER_OPEN": 20 * PROCESSES - 1}


def test_the_limit_is_one_for_all(
    pool: ProcessPoolExecutor, registry: Registry, redis: RedisServer, caller: Caller
) -> None:
    codes = race(pool, registry, redis, "hit", (caller.tenant, 70))
    assert codes == {"OK": 100, "RATE_LIMITED": 70 * PROCESSES - 100}
