"""The production set-up at work: registry, warehouse and Dagster's storage in PostgreSQL, runs through the queue."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from kaireon_orch_tests.deploy.composed import SAID_IN_ENV_FILE, Composed, ask, composed, key
from kaireon_orch_tests.orchestration.served import until
from kaireon_orch_tests.servers import postgres as servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.postgres import PostgresServer

RUN_SECONDS = 120.0
ENDED = {"completed", "completed_with_errors", "failed", "canceled"}
LIMIT = 5
"""`concurrency.pools.default_limit` of deploy/dagster.yaml."""


@dataclass(frozen=True)
class Client:
    """The REST API with an administrator's key, and the databases behind it."""

    made: Composed
    http: httpx.Client

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def pipeline(self, name: str, connector: str, **more: Any) -> str:
        """A pipeline's id."""
        return str(self.call("POST", "/pipelines", {"name": name, "connectorId": connector, **more})["id"])

    def start(self, pipeline: str) -> str:
        return str(self.call("POST", f"/pipelines/{pipeline}/run", {})["runId"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/runs/{run_id}")
        return found

    def ended(self, run_id: str) -> dict[str, Any]:
        until(lambda: self.run(run_id)["status"] in ENDED, RUN_SECONDS)
        return self.run(run_id)

    def select(self, database: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.made.server.dsn(database)) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Client]:
    with servers.running() as server:
        folder = tmp_path_factory.mktemp("composed")
        with composed(server, folder, allow=f"{postgres.host}:{postgres.port}") as made:
            headers = {"Authorization": f"Bearer {key(made)}"}
            with httpx.Client(base_url=f"{made.api}/api/v1", headers=headers, timeout=30) as http:
                yield Client(made, http)


@pytest.fixture(scope="module")
def database(client: Client, postgres: PostgresServer) -> str:
    """A connector whose queries can be made to take as long as is wanted; the registry's server is refused."""
    body = {
        "name": "Numbers",
        "type": "postgresql",
        "config": {
            "host": postgres.host,
            "port": postgres.port,
            "database": "postgres",
            "sslMode": "disable",
        },
        "authMethod": "password",
        "authConfig": {"username": postgres.user, "password": postgres.password},
    }
    return str(client.call("POST", "/connectors", body)["id"])


@pytest.fixture(scope="module", autouse=True)
def every_minute(client: Client, database: str) -> str:
    """Made first, so that its minute passes while the other tests run."""
    cron = {"kind": "cron", "expression": "* * * * *", "timezone": "Europe/Berlin"}
    return client.pipeline("Minutes", database, source={"query": "SELECT 1 AS n"}, schedule=cron)


def slow(rows: int, seconds: float) -> dict[str, str]:
    """A query that gives `rows` rows and takes about so long."""
    pause = seconds / rows
    return {"query": f"SELECT n, pg_sleep({pause})::text AS nothing FROM generate_series(1, {rows}) AS n"}


def test_a_run_loads_into_the_warehouse_and_is_kept_in_dagsters_database(
    client: Client, database: str
) -> None:
    source = {"query": "SELECT n FROM generate_series(1, 10) AS n"}
    run = client.ended(client.start(client.pipeline("Ten", database, source=source)))
    assert (run["status"], run["rowsLoaded"]) == ("completed", 10), run["error"]
    assert client.select("warehouse", "SELECT count(*), sum(n) FROM public.ten") == [(10, 55)]
    kept = f"SELECT status FROM runs WHERE run_id = '{run['id']}'"
    until(lambda: client.select("dagster", kept) == [("SUCCESS",)], RUN_SECONDS)
    stored = client.select("dagster", f"SELECT count(*) FROM event_logs WHERE run_id = '{run['id']}'")
    assert stored[0][0] > 0
    assert [path for path in client.made.folder.rglob("*.db") if "registry" not in path.name] == []


def test_a_connector_is_given_so_many_runs_at_once_and_the_others_wait_in_the_queue(
    client: Client, database: str
) -> None:
    pipelines = [client.pipeline(f"Slow {n}", database, source=slow(10, 4)) for n in range(LIMIT + 2)]
    started = [client.start(pipeline) for pipeline in pipelines]
    most = 0

    def all_ended() -> bool:
        nonlocal most
        states = [client.run(run_id)["status"] for run_id in started]
        most = max(most, states.count("running"))
        return set(states) <= ENDED

    until(all_ended, RUN_SECONDS)
    assert [client.run(run_id)["status"] for run_id in started] == ["completed"] * len(started)
    assert 1 < most <= LIMIT
    assert overlapping(client, started) <= LIMIT


def overlapping(client: Client, runs: list[str]) -> int:
    """The most of them that Dagster ever had going at one time."""
    wanted = ", ".join(f"'{run}'" for run in runs)
    times: list[tuple[float, float | None]] = client.select(
        "dagster", f"SELECT start_time, end_time FROM runs WHERE run_id IN ({wanted})"
    )
    return max(sum(begun <= at < (ended or inf) for begun, ended in times) for at, _ in times)


def test_a_run_whose_worker_is_killed_is_run_again_and_doubles_nothing(client: Client, database: str) -> None:
    pipeline = client.pipeline("Killed", database, source=slow(40, 8))
    first = client.start(pipeline)
    until(lambda: worker(client.made, first) is not None, RUN_SECONDS)
    until(lambda: client.run(first)["status"] == "running", RUN_SECONDS)
    os.kill(worker(client.made, first) or 0, signal.SIGKILL)

    until(lambda: client.run(first)["status"] in {"completed", "failed"}, RUN_SECONDS)
    assert client.run(first)["status"] == "completed"
    assert first not in client.run(first)["url"]
    assert client.select("warehouse", "SELECT count(*), count(DISTINCT n) FROM public.killed") == [(40, 40)]


def worker(made: Composed, run_id: str) -> int | None:
    """The run's process, which Dagster tells in an event."""
    query = """query($id: ID!) {logsForRun(runId: $id) {... on EventConnection {events {
        ... on MessageEvent {message}}}}}"""
    events = ask(made, query, id=run_id)["logsForRun"]["events"]
    told = (re.search(r"\(pid: (\d+)\)", event["message"]) for event in events)
    return next((int(found[1]) for found in told if found), None)


def test_a_run_is_canceled_while_it_runs(client: Client, database: str) -> None:
    run_id = client.start(client.pipeline("Stopped", database, source=slow(100, 30)))
    until(
        lambda: client.run(run_id)["rowsRead"] > 0 or client.run(run_id)["status"] == "running", RUN_SECONDS
    )
    client.call("POST", f"/runs/{run_id}/cancel")
    assert client.ended(run_id)["status"] == "canceled"
    assert client.select("warehouse", "SELECT to_regclass('public.stopped')::text") == [(None,)]


def test_the_daemon_runs_what_its_schedule_asks_for(client: Client, every_minute: str) -> None:
    def runs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.call("GET", f"/pipelines/{every_minute}/runs")["data"]
        return [run for run in found if run["status"] == "completed"]

    until(lambda: bool(runs()), RUN_SECONDS)
    assert runs()[0]["trigger"] == "schedule"
    assert client.select("dagster", "SELECT count(*) > 0 FROM job_ticks") == [(True,)]


def test_the_logs_hold_no_password(client: Client) -> None:
    for log in client.made.folder.glob("*.log"):
        text = log.read_text()
        assert not [name for name, value in SAID_IN_ENV_FILE.items() if value in text], log.name
