"""What runs short while a load is on its way: disk, connections, locks, and a peer's answers. Plain words, and nothing left."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.faults import deadly
from kaireon_orch_tests.faults.places import InDeltaLake, InWarehouse
from kaireon_orch_tests.faults.relay import relaying
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.faults.parents import Ended, Parents
    from kaireon_orch_tests.movement.ends import Ends

MEGABYTE = 1 << 20
ROWS = "SELECT i AS id, i AS seen, md5(i::text) || md5((-i)::text) AS note FROM generate_series(1, {}) i"
MANY, FEW = ROWS.format(150_000), ROWS.format(10)


def run(ends: Ends, parents: Parents, target: dict[str, Any], query: str, **how: Any) -> Ended:
    """A load in a child of which `stop` says what it lacks."""
    stop = {"folder": str(ends.folder), "step": "never", "moment": "before", "nth": 1, **how.pop("stop", {})}
    origin = how.pop("origin", None) or ends.postgresql()
    payload = ends.payload(origin, target, source={"query": query}, **how.pop("options", {}))
    policy = how.pop("policy", ends.policy())
    return parents.run(ends.folder, payload | {"module": deadly.__name__, "stop": stop}, policy, **how)


def fault_of(ended: Ended) -> tuple[str, bool]:
    assert ended.fault is not None, ended
    return str(ended.fault["code"]), bool(ended.fault["retryable"])


@pytest.mark.parametrize("place", [InWarehouse, InDeltaLake])
def test_a_full_disk_under_the_spool_leaves_nothing(ends: Ends, parents: Parents, place: Any) -> None:
    where = place(ends)
    assert run(ends, parents, where.connector(), FEW).result is not None
    ended = run(ends, parents, where.connector(), MANY, stop={"file_bytes": MEGABYTE})
    assert fault_of(ended) == ("TARGET_REFUSED", False)
    assert "disk" in ended.fault["message"] if ended.fault else False
    assert len(where.rows("t")) == 10
    assert where.left() == []
    assert run(ends, parents, where.connector(), MANY).result is not None
    assert len(where.rows("t")) == 150_010


def test_a_full_disk_under_a_folder_of_parquet_files_leaves_nothing(ends: Ends, parents: Parents) -> None:
    target = connector("parquet", {"path": str(ends.folder / "lake")})
    assert run(ends, parents, target, FEW).result is not None
    before = sorted(path.name for path in (ends.folder / "lake").rglob("*"))
    ended = run(ends, parents, target, MANY, stop={"file_bytes": MEGABYTE})
    assert fault_of(ended) == ("TARGET_REFUSED", False)
    assert sorted(path.name for path in (ends.folder / "lake").rglob("*")) == before
    assert run(ends, parents, target, MANY).result is not None


def test_a_full_disk_under_the_warehouse_itself_leaves_it_as_it_was(ends: Ends, parents: Parents) -> None:
    where = InWarehouse(ends)
    for _ in range(3):
        assert run(ends, parents, where.connector(), MANY).result is not None
    size = (where.folder / "w.duckdb").stat().st_size
    ended = run(ends, parents, where.connector(), MANY, stop={"file_bytes": size + MEGABYTE})
    assert fault_of(ended)[0] == "TARGET_REFUSED"
    assert len(where.rows("t")) == 450_000
    assert run(ends, parents, where.connector(), FEW).result is not None
    assert len(where.rows("t")) == 450_010
    assert where.left() == []


def test_a_target_out_of_connections_is_busy_and_tried_again(ends: Ends, parents: Parents) -> None:
    role = f"few_{ends.database}"
    ends.in_postgres(f"CREATE ROLE {role} LOGIN PASSWORD 'Lotus-9' CONNECTION LIMIT 0")
    ends.in_postgres(f"GRANT ALL ON SCHEMA public TO {role}")
    target = ends.postgresql(username=role, password="Lotus-9")
    assert fault_of(run(ends, parents, target, FEW)) == ("BUSY", True)
    ends.in_postgres(f"ALTER ROLE {role} CONNECTION LIMIT 5")
    assert run(ends, parents, target, FEW).result is not None


@pytest.mark.parametrize("mode", ["append", "truncate", "blue_green"])
def test_a_table_that_another_session_holds_is_busy(ends: Ends, parents: Parents, mode: str) -> None:
    patience = {"kaireon_orch.connectors.postgresql.turns.WAIT_SECONDS": 1.0}
    options = {"loadMode": mode}
    assert run(ends, parents, ends.postgresql(), FEW, options=options).result is not None
    with psycopg.connect(ends.postgres.dsn(ends.database)) as other:
        other.execute("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        ended = run(
            ends, parents, ends.postgresql(), FEW, options=options, stop={"settings": patience}, deadline=30.0
        )
        assert fault_of(ended) == ("TABLE_BUSY", True)
        assert ended.fault is not None
        assert "holds the table" in ended.fault["message"]
    assert run(ends, parents, ends.postgresql(), FEW, options=options).result is not None


HOLD = """
import duckdb, sys
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(file: str) -> Iterator[None]:
    """A program of somebody's has the file open for writing."""
    command = [sys.executable, "-c", HOLD, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield


def test_a_warehouse_that_another_program_holds_is_busy(ends: Ends, parents: Parents) -> None:
    where = InWarehouse(ends)
    patience = {"kaireon_orch.connectors.duckdb.database.OPEN_SECONDS": 1.0}
    assert run(ends, parents, where.connector(), FEW).result is not None
    with held(str(where.folder / "w.duckdb")):
        ended = run(ends, parents, where.connector(), FEW, stop={"settings": patience}, deadline=30.0)
        assert fault_of(ended) == ("TABLE_BUSY", True)
    assert run(ends, parents, where.connector(), FEW).result is not None
    assert len(where.rows("t")) == 20


@pytest.mark.parametrize("end", ["source", "target"])
def test_a_peer_that_falls_silent_ends_at_the_deadline(ends: Ends, parents: Parents, end: str) -> None:
    server = ends.postgres
    with relaying(server.host, server.port) as relay:
        through = {**ends.postgresql(), "config": {**ends.postgresql()["config"], "port": relay.port}}
        policy = Policy(rules=parse_rules([f"127.0.0.1:{port}" for port in (server.port, relay.port)]))

        def fall_silent(_: dict[str, int]) -> None:
            relay.silent = True

        ended = run(
            ends,
            parents,
            through if end == "target" else ends.postgresql(),
            MANY,
            origin=through if end == "source" else None,
            policy=policy,
            stop={"step": "read" if end == "source" else "prepare", "moment": "after", "wait": True},
            at_stop=fall_silent,
            deadline=6.0,
        )
    assert fault_of(ended) == ("DEADLINE", False)
    assert ends.in_postgres("SELECT to_regclass('public.t')") == [(None,)]


@pytest.mark.parametrize(("limit", "reset"), [(4, True), (60, False), (300, True), (420, False)])
def test_a_connection_that_is_cut_during_the_login_is_tried_again(
    ends: Ends, parents: Parents, limit: int, reset: bool
) -> None:
    """It is no wrong password, and no TLS that is not offered."""
    server = ends.postgres
    with relaying(server.host, server.port) as relay:
        relay.begin(limit=limit, reset=reset)
        through = {**ends.postgresql(), "config": {**ends.postgresql()["config"], "port": relay.port}}
        policy = Policy(rules=parse_rules([f"127.0.0.1:{port}" for port in (server.port, relay.port)]))
        ended = run(ends, parents, through, FEW, policy=policy)
        assert relay.cuts
    assert fault_of(ended) == ("REFUSED", True)
