"""With Dagster's daemon: a run whose worker is killed is run again as the same load; a connector's limit holds."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance, DagsterRunStatus

from kaireon_orch.control import runs
from kaireon_orch.orchestration.internals import pool_limits
from kaireon_orch.orchestration.run_workers import Workers
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk, desk_at
from kaireon_orch_tests.orchestration.served import BIN, TOP, Dagster, process, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.full

ENDED = {"completed", "failed", "canceled"}
SECONDS = 120.0
SLOW = "SELECT n, pg_sleep({seconds} / 100.0)::text AS nothing FROM generate_series(1, 100) AS n"


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Dagster]:
    folder = tmp_path_factory.mktemp("automated")
    daemon = [str(BIN / "dagster-daemon"), "run", "-w", str(TOP / "workspace.yaml")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KAIREON_EGRESS_ALLOW", f"{postgres.host}:{postgres.port}")
        with serving(folder / "home", patch) as running, process(daemon, folder / "daemon.log"):
            yield running


@pytest.fixture(scope="module")
def desk(dagster: Dagster) -> Iterator[Desk]:
    with desk_at(dagster.home.parent) as made:
        yield made


@pytest.fixture
def instance(dagster: Dagster) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(dagster.home)) as opened:
        yield opened


def slow(desk: Desk, server: PostgresServer, name: str, seconds: int, count: int, **config: int) -> list[str]:
    """Pipelines of one connector that each read for so long."""
    place = {"host": server.host, "port": server.port, "database": "postgres", "sslMode": "disable"}
    auth = {"username": server.user, "password": server.password}
    source = desk.connector(name, "postgresql", {**place, **config}, authMethod="password", authConfig=auth)
    query = {"query": SLOW.format(seconds=seconds)}
    return [desk.pipeline(f"{name}_{number}", source, source=query).id for number in range(count)]


def status(desk: Desk, run_id: str) -> str:
    return runs.get(desk.registry, OPERATOR, run_id).status


def test_a_killed_worker_is_replaced_and_its_rows_are_there_once(
    desk: Desk, postgres: PostgresServer, instance: DagsterInstance
) -> None:
    (pipeline,) = slow(desk, postgres, "killed", 10, 1)
    run_id = runs.launch(desk.registry, OPERATOR, pipeline, {}, None).id
    until(lambda: status(desk, run_id) == "running", SECONDS)
    worker = Workers.here().pid(run_id)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    until(lambda: status(desk, run_id) in ENDED, SECONDS)
    found = runs.get(desk.registry, OPERATOR, run_id)
    assert (found.status, found.rows_loaded) == ("completed", 100)
    assert [each.id for each in runs.list_page(desk.registry, OPERATOR, pipeline_id=pipeline).data] == [
        run_id
    ]
    lost = instance.get_run_by_id(run_id)
    assert lost is not None
    assert lost.status is DagsterRunStatus.FAILURE
    assert (found.url or "").rsplit("/", 1)[1] == lost.tags["dagster/auto_retry_run_id"]


def test_no_more_runs_touch_a_connector_than_it_allows(
    desk: Desk, postgres: PostgresServer, instance: DagsterInstance
) -> None:
    pipelines = slow(desk, postgres, "pooled", 2, 6, maxConcurrentRuns=2)
    until(lambda: pool_limits(instance).get("connector:pooled") == 2, SECONDS)
    launched = [runs.launch(desk.registry, OPERATOR, each, {}, None).id for each in pipelines]
    most = 0

    def over() -> bool:
        nonlocal most
        now = [status(desk, each) for each in launched]
        most = max(most, now.count("running"))
        return set(now) <= ENDED

    until(over, SECONDS)
    assert most == 2
    assert {status(desk, each) for each in launched} == {"completed"}
