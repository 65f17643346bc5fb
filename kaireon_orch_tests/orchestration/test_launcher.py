"""The run server's workers, and the launcher that asks it: warm where it answers, Dagster's own way where it does not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from kaireon_orch.control import runs
from kaireon_orch.orchestration.launcher import WarmRunLauncher
from kaireon_orch.orchestration.run_workers import Workers, private
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk, desk_at
from kaireon_orch_tests.orchestration.served import Dagster, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterRun

    from kaireon_orch_tests.servers.postgres import PostgresServer

ENDED = {"completed", "failed", "canceled"}
RUN_SECONDS = 60.0


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Dagster]:
    folder = tmp_path_factory.mktemp("warm")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KAIREON_EGRESS_ALLOW", f"{postgres.host}:{postgres.port}")
        with serving(folder / "home", patch) as running:
            yield running


@pytest.fixture(scope="module")
def desk(dagster: Dagster) -> Iterator[Desk]:
    with desk_at(dagster.home.parent) as made:
        yield made


@pytest.fixture(scope="module")
def long(desk: Desk, postgres: PostgresServer) -> str:
    """A pipeline that reads for half a minute."""
    config = {"host": postgres.host, "port": postgres.port, "database": "postgres", "sslMode": "disable"}
    auth = {"username": postgres.user, "password": postgres.password}
    slow = desk.connector("slow", "postgresql", config, authMethod="password", authConfig=auth)
    query = "SELECT n, pg_sleep(0.03)::text AS nothing FROM generate_series(1, 1000) AS n"
    return desk.pipeline("long", slow, source={"query": query}).id


@pytest.fixture
def instance(dagster: Dagster) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(dagster.home)) as opened:
        yield opened


def found(instance: DagsterInstance, run_id: str) -> DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def status(desk: Desk, run_id: str) -> str:
    return runs.get(desk.registry, OPERATOR, run_id).status


def reading(desk: Desk, run_id: str) -> list[str]:
    """What the run has said; the first of it comes when its ends are opened."""
    return [event.message for event in runs.events(desk.registry, OPERATOR, run_id).data]


def begun(desk: Desk, pipeline: str) -> str:
    """A run that has a worker and reads."""
    run_id = runs.launch(desk.registry, OPERATOR, pipeline, {}, None).id
    until(lambda: Workers.here().pid(run_id) is not None, RUN_SECONDS)
    until(lambda: bool(reading(desk, run_id)), RUN_SECONDS)
    return run_id


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> set[int]:
    """Of a process with one thread; none of one that has ended."""
    with suppress(FileNotFoundError):
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


def test_a_run_starts_in_a_worker_of_the_run_server(
    dagster: Dagster, desk: Desk, instance: DagsterInstance
) -> None:
    pipeline = desk.pipeline("orders", desk.csv("orders", "id\n1\n2\n")).id
    run_id = runs.launch(desk.registry, OPERATOR, pipeline, {}, None).id
    until(lambda: status(desk, run_id) in ENDED, RUN_SECONDS)
    assert status(desk, run_id) == "completed"
    until(lambda: found(instance, run_id).is_finished, RUN_SECONDS)
    assert GRPC_INFO_TAG not in found(instance, run_id).tags
    (kept,) = (dagster.home / "storage" / run_id / "compute_logs").glob("*.err")
    assert "2 rows read" in kept.read_text()
    until(lambda: not Workers.here().knows(run_id), 5)


def test_a_canceled_run_ends_in_order(desk: Desk, long: str, instance: DagsterInstance) -> None:
    run_id = begun(desk, long)
    runs.cancel(desk.registry, OPERATOR, run_id)
    until(lambda: found(instance, run_id).is_finished, RUN_SECONDS)
    assert found(instance, run_id).status is DagsterRunStatus.CANCELED
    assert status(desk, run_id) == "canceled"


def test_the_loads_of_workers_are_forked_by_the_run_servers_template(desk: Desk, long: str) -> None:
    run_id = begun(desk, long)
    worker = Workers.here().pid(run_id)
    assert worker is not None
    siblings = children(parent(worker)) - {worker}
    until(lambda: any(children(sibling) for sibling in siblings), 10)
    runs.cancel(desk.registry, OPERATOR, run_id)
    until(lambda: status(desk, run_id) in ENDED, RUN_SECONDS)
    until(lambda: not any(children(sibling) for sibling in siblings), 5)


def test_a_killed_worker_is_told_to_whoever_watches(desk: Desk, long: str, instance: DagsterInstance) -> None:
    launcher = instance.run_launcher
    assert isinstance(launcher, WarmRunLauncher)
    run_id = begun(desk, long)
    run = found(instance, run_id)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    pid = Workers.here().pid(run_id)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: launcher.check_run_worker_health(run).status is WorkerStatus.FAILED, 10)


def test_a_request_that_is_none_leaves_the_server_up(dagster: Dagster) -> None:
    for sent in (b"no json\n", b"[]\n", json.dumps({"run": "x"}).encode() + b"\n", b""):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(Workers.here().socket))
            connection.sendall(sent)
            with suppress(ConnectionResetError, BrokenPipeError):
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(100) == b""
    assert Workers.here().socket.exists()


def test_new_code_is_served_by_the_same_process(desk: Desk) -> None:
    until(lambda: bool(Workers.here().socket.exists()), 5)
    os.utime(runs.__file__)
    time.sleep(2)
    pipeline = desk.pipeline("renewed", desk.csv("renewed", "id\n1\n")).id
    run_id = runs.launch(desk.registry, OPERATOR, pipeline, {}, None).id
    until(lambda: status(desk, run_id) in ENDED, RUN_SECONDS)
    assert status(desk, run_id) == "completed"
    until(lambda: not Workers.here().knows(run_id), 5)


def test_without_a_run_server_dagster_starts_the_run(desk: Desk, instance: DagsterInstance) -> None:
    Workers.here().socket.unlink()
    pipeline = desk.pipeline("stock", desk.csv("stock", "id\n1\n")).id
    run_id = runs.launch(desk.registry, OPERATOR, pipeline, {}, None).id
    until(lambda: status(desk, run_id) in ENDED, RUN_SECONDS)
    assert status(desk, run_id) == "completed"
    assert GRPC_INFO_TAG in found(instance, run_id).tags


def test_a_note_of_a_number_that_was_given_away_names_no_worker(tmp_path: Path) -> None:
    workers = Workers(private(tmp_path / "runs"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        workers.note("one", process.pid)
        assert workers.pid("one") == process.pid
        process.communicate(b"\n")
    assert workers.knows("one")
    assert workers.pid("one") is None
    (workers.folder / "two").write_text(f"{os.getpid()} 0")
    assert workers.pid("two") is None
    assert not workers.interrupt("two")


def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(mode=0o755)
    with pytest.raises(PermissionError, match="0700"):
        private(tmp_path / "runs")


def test_a_home_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    workers = Workers(private(tmp_path / ("long" * 30)))
    assert len(str(workers.socket)) < 108
    assert workers.socket == Workers(workers.folder).socket
