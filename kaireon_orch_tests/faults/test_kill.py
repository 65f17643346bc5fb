"""A load whose child or parent is killed in the middle leaves the target as it was, and nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch_tests.faults import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.movement.ends import Ends

ROWS = 200_000
QUICK = f"SELECT x AS a, repeat('y', 200) AS b, ''::text AS c FROM generate_series(1, {ROWS}) x"
SLOW = QUICK.replace("''::text", "pg_sleep(CASE WHEN x > 100000 AND x % 20000 = 0 THEN 1 ELSE 0 END)::text")
"""Its last rows take some seconds, so that the load is in its middle when it is killed."""

FEW = "SELECT 1 AS a, 'old' AS b, '' AS c"


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


def look(ends: Ends, target: dict[str, Any], sql: str) -> list[tuple[Any, ...]]:
    return ends.in_duckdb(sql) if target["type"] == "duckdb" else ends.in_postgres(sql)


@contextmanager
def loading(ends: Ends, payload: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """A loader process whose child has begun to write."""
    files = [ends.folder / "payload.json", ends.folder / "policy.json"]
    files[0].write_text(json.dumps(payload))
    files[1].write_text(json.dumps(ends.policy().to_wire()))
    with subprocess.Popen(
        [sys.executable, str(Path(loader.__file__)), *map(str, files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "progress" in process.stderr.readline()
        yield process
        process.kill()


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(done: Any, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def sessions(ends: Ends) -> int:
    with psycopg.connect(ends.postgres.dsn("postgres"), autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (ends.database,)
        ).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("victim", ["child", "parent"])
@pytest.mark.parametrize("mode", ["append", "truncate"])
def test_a_killed_load_leaves_the_target_as_it_was(
    ends: Ends, target: dict[str, Any], victim: str, mode: str
) -> None:
    source = ends.postgresql()
    ends.run(source, target, source={"query": FEW})
    payload = ends.payload(source, target, source={"query": SLOW}, loadMode=mode, run_id="killed")
    with loading(ends, payload) as process:
        (child,) = children(process.pid)
        os.kill(child if victim == "child" else process.pid, signal.SIGKILL)
        wait_for(lambda: gone(child))
        if victim == "child":
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["code"] == FaultCode.CHILD_DIED
    wait_for(lambda: sessions(ends) == 0)
    assert look(ends, target, "SELECT a, b FROM public.t") == [(1, "old")]
    assert look(ends, target, "SELECT count(*) FROM public._kaireon_loads") == [(1,)]
    again = ends.run(source, target, source={"query": QUICK}, loadMode=mode, run_id="killed")
    assert (again["rowsLoaded"], again["alreadyLoaded"]) == (ROWS, False)
    assert look(ends, target, "SELECT count(*), count(DISTINCT a) FROM public.t WHERE b <> 'old'") == [
        (ROWS, ROWS)
    ]
    assert leftovers(ends, target) == []


def leftovers(ends: Ends, target: dict[str, Any]) -> list[str]:
    """What a load may leave: its table and the ledger, or the file and the lock beside it."""
    if target["type"] == "postgresql":
        tables = ends.in_postgres(
            "SELECT relname FROM pg_class WHERE relname LIKE '%kaireon%' AND relkind = 'r'"
        )
        return [name for (name,) in tables if name != "_kaireon_loads"]
    known = {"warehouse.duckdb", "warehouse.duckdb.lock", "payload.json", "policy.json"}
    return [
        path.name
        for path in ends.folder.iterdir()
        if path.name not in known and not path.name.startswith("job-")
    ]


def test_a_killed_first_load_leaves_no_table(ends: Ends, target: dict[str, Any]) -> None:
    payload = ends.payload(ends.postgresql(), target, source={"query": SLOW}, run_id="killed")
    with loading(ends, payload) as process:
        (child,) = children(process.pid)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: gone(child))
    if target["type"] == "duckdb":
        assert not (ends.folder / "warehouse.duckdb").exists()
    else:
        wait_for(lambda: sessions(ends) == 0)
        assert ends.in_postgres("SELECT to_regclass('public.t')") == [(None,)]


def test_a_half_made_duckdb_file_is_cleaned_up(ends: Ends) -> None:
    (ends.folder / "warehouse.duckdb.new").write_bytes(b"half")
    ends.run(ends.csv("a\n1\n"), ends.duckdb())
    assert ends.in_duckdb("SELECT a FROM public.t") == [(1,)]
    assert not (ends.folder / "warehouse.duckdb.new").exists()


def test_a_canceled_load_leaves_nothing(ends: Ends, target: dict[str, Any]) -> None:
    cancel = threading.Event()
    payload = ends.payload(ends.postgresql(), target, source={"query": SLOW})
    with pytest.raises(Fault) as caught:
        run_job(
            "run",
            payload,
            policy=ends.policy(),
            deadline=60.0,
            cancel=cancel,
            on_event=lambda _: cancel.set(),
        )
    assert caught.value.fault is FaultCode.CANCELED
    wait_for(lambda: sessions(ends) == 0)
    if target["type"] == "postgresql":
        assert ends.in_postgres("SELECT to_regclass('public.t')") == [(None,)]


def test_a_lost_target_connection_loses_the_load_alone(ends: Ends) -> None:
    target = ends.postgresql()
    ends.run(ends.csv("a,b,c\n1,old,\n", types={"a": "int32", "b": "string", "c": "string"}), target)
    payload = ends.payload(ends.postgresql(), target, source={"query": SLOW})

    def cut(_: dict[str, Any]) -> None:
        with psycopg.connect(ends.postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%'",
                (ends.database,),
            )

    with pytest.raises(Fault) as caught:
        run_job("run", payload, policy=ends.policy(), deadline=60.0, on_event=cut)
    assert caught.value.retryable
    assert ends.in_postgres("SELECT a, b FROM public.t") == [(1, "old")]
