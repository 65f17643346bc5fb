"""Several processes on one registry: names, versions, the breaker's one trial call, the rate limit."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from kaireon_orch.control import breaker, connectors
from kaireon_orch.store.tables import Breaker
from kaireon_orch_tests.control import racing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

PROCESSES = 2
CSV = {"name": "a", "type": "csv"}


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as opened:
        list(opened.map(time.sleep, [0.5] * PROCESSES))
        yield opened


def race(
    pool: ProcessPoolExecutor, registry: Registry, name: str, *arguments: tuple[Any, ...]
) -> Counter[str]:
    """Let each process do the thing at the same moment, and count what came of it."""
    settings = registry.settings
    place = (str(settings.home), settings.registry_url, time.time() + 0.3, name)
    futures = [pool.submit(racing.work, *place, each) for each in arguments]
    return Counter(code for future in futures for code in future.result(timeout=60))


def test_one_of_many_gets_the_name(pool: ProcessPoolExecutor, registry: Registry, admin: Caller) -> None:
    names = [f"c{i}" for i in range(6)]
    codes = race(pool, registry, "create", *[(admin.tenant, names)] * PROCESSES)
    assert codes == {"OK": 6, "NAME_TAKEN": 6 * (PROCESSES - 1)}
    page = connectors.list_page(registry, admin, limit=100)
    assert sorted(each.name for each in page.data) == names


def test_the_total_stays_what_counting_finds(
    pool: ProcessPoolExecutor, registry: Registry, admin: Caller
) -> None:
    names = [f"c{i}" for i in range(8)]
    codes = race(pool, registry, "come_and_go", *[(admin.tenant, names)] * PROCESSES)
    assert set(codes) <= {"OK", "NAME_TAKEN", "NOT_FOUND"}
    page = connectors.list_page(registry, admin, limit=100)
    assert page.total == len(page.data) > 0


def test_one_of_many_changes_from_the_same_state(
    pool: ProcessPoolExecutor, registry: Registry, admin: Caller
) -> None:
    made = connectors.create(registry, admin, CSV)
    rivals = [(admin.tenant, made.id, made.etag, f"by {i}") for i in range(PROCESSES)]
    codes = race(pool, registry, "change", *rivals)
    assert codes == {"OK": 1, "STALE": PROCESSES - 1}
    assert connectors.get(registry, admin, made.id).version == made.version + 1


def test_one_of_many_makes_the_trial_call(
    pool: ProcessPoolExecutor, registry: Registry, admin: Caller
) -> None:
    made = connectors.create(registry, admin, CSV)
    with registry.database.write() as session:
        for _ in range(registry.settings.breaker_failures):
            breaker.failed(registry, session, made.id)
        session.execute(update(Breaker).where(Breaker.connector_id == made.id).values(retry_at=1))
    codes = race(pool, registry, "claim", *[(made.id, 20)] * PROCESSES)
    assert codes == {"OK": 1, "BREAKER_OPEN": 20 * PROCESSES - 1}


def test_the_limit_is_one_for_all(pool: ProcessPoolExecutor, registry: Registry, admin: Caller) -> None:
    codes = race(pool, registry, "hit", *[(admin.tenant, 70)] * PROCESSES)
    assert codes == {"OK": 100, "RATE_LIMITED": 70 * PROCESSES - 100}
