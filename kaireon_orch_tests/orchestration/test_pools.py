from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from kaireon_orch.control import connectors
from kaireon_orch.orchestration.internals import pool_limits, set_pool_limit
from kaireon_orch.orchestration.pools import pools_sensor
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with DagsterInstance.local_temp(str(folder)) as local:
        yield local


def tick(instance: DagsterInstance, cursor: str | None = None) -> str | None:
    result = pools_sensor(build_sensor_context(instance, cursor=cursor))
    assert isinstance(result, SensorResult)
    return result.cursor


def test_a_connectors_limit_is_its_pools_and_goes_with_it(desk: Desk, instance: DagsterInstance) -> None:
    made = desk.connector("Shop", "csv", {"path": "a.csv", "maxConcurrentRuns": 2})
    desk.connector("free", "csv", {"path": "b.csv"})
    set_pool_limit(instance, "connector:free", 7)
    cursor = tick(instance)
    assert pool_limits(instance) == {"connector:free": 7, "connector:shop": 2}
    connectors.change(desk.registry, OPERATOR, made.id, {"config": {"maxConcurrentRuns": 5}})
    cursor = tick(instance, cursor)
    assert pool_limits(instance)["connector:shop"] == 5
    connectors.change(desk.registry, OPERATOR, made.id, {"config": {"maxConcurrentRuns": None}})
    assert tick(instance, cursor) == "[]"
    assert pool_limits(instance) == {"connector:free": 7}
