"""A backend that is killed outright takes the whole PostgreSQL cluster down and up again: what was committed is there."""

from __future__ import annotations

import os
import signal
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaireon_orch_tests.faults import deadly
from kaireon_orch_tests.movement.ends import Ends
from kaireon_orch_tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kaireon_orch_tests.faults.parents import Parents
    from kaireon_orch_tests.servers.postgres import PostgresServer

ROWS = 5_000
QUERY = f"SELECT i AS id, md5(i::text) AS note FROM generate_series(1, {ROWS}) i"


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """One that may go down; its commits return before they are on the disk unless a session asks for more."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def ends(tmp_path: Path, cluster: PostgresServer) -> Ends:
    database = f"db_{uuid.uuid4().hex[:12]}"
    cluster.database(database)
    return Ends(tmp_path, cluster, database)


def crash(ends: Ends) -> None:
    """Kill a session of the load, and wait until the cluster has gone down for it and is up again."""
    with psycopg.connect(ends.postgres.dsn("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", (ends.database,))
        pids = [pid for (pid,) in found.fetchall()]
        os.kill(pids[-1], signal.SIGKILL)
        _wait(lambda: not _serves(connection), "the cluster does not go down")
    _wait(lambda: _up(ends), "the cluster does not come up again")


def _wait(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _serves(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _up(ends: Ends) -> bool:
    try:
        psycopg.connect(ends.postgres.dsn("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize(
    ("step", "moment", "committed"),
    [("write", "after", False), ("commit", "before", False), ("commit", "after", True)],
)
def test_what_was_committed_is_there_and_nothing_else(
    ends: Ends, parents: Parents, step: str, moment: str, committed: bool
) -> None:
    held = ends.run(ends.postgresql(), ends.postgresql(), source={"query": QUERY}, run_id="before")
    assert held["rowsLoaded"] == ROWS
    payload = ends.payload(ends.postgresql(), ends.postgresql(), source={"query": QUERY}, run_id="killed")
    stop = {"folder": str(ends.folder), "step": step, "moment": moment, "nth": 1, "wait": True}
    stopped: list[Any] = []

    def at_stop(pids: dict[str, int]) -> None:
        stopped.append(pids)
        crash(ends)

    ended = parents.run(
        ends.folder, payload | {"module": deadly.__name__, "stop": stop}, ends.policy(), at_stop
    )
    assert stopped
    assert (ended.result is not None) is committed, ended
    assert ended.fault is None or ended.fault["retryable"], ended
    assert _count(ends) == (1 + committed) * ROWS
    again = ends.run(ends.postgresql(), ends.postgresql(), source={"query": QUERY}, run_id="killed")
    assert again["alreadyLoaded"] is committed
    assert _count(ends) == 2 * ROWS


def _count(ends: Ends) -> int:
    return int(ends.in_postgres("SELECT count(*) FROM public.t")[0][0])
