"""A source that changes while it is read gives its rows as they were, all of them, or an error: never a mix. Files give the error."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.opening import source_model
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends

ROWS = 120_000
"""Several batches of every reader."""

OLD, NEW = "as it was", "otherwise"


def read_while(ends: Ends, of: dict[str, Any], change: Callable[[], None], **source: Any) -> pa.Table:
    """What a read gives during which, after its first batch, the source is changed."""
    with closing(ends.opened(of)) as opened:
        reading = opened.read(ReadRequest(source_model(of, source), batch_bytes=1 << 20))
        batches = iter(reading.batches)
        first = next(batches)
        assert first.num_rows < ROWS, "it was one batch"
        change()
        return pa.Table.from_batches([first, *batches], reading.schema)


def demand_old(table: pa.Table) -> None:
    assert table.num_rows == ROWS
    assert set(table.column("note").to_pylist()) == {OLD}
    assert set(table.column("id").to_pylist()) == set(range(ROWS))


CHANGES = (
    f"UPDATE s SET note = '{NEW}'",
    f"DELETE FROM s WHERE id >= {ROWS // 3}",
    f"INSERT INTO s SELECT id + {ROWS}, '{NEW}' FROM s",
)


@pytest.mark.parametrize("change", CHANGES)
def test_postgresql_is_one_snapshot(ends: Ends, change: str) -> None:
    ends.in_postgres(
        f"CREATE TABLE s AS SELECT i AS id, '{OLD}' AS note, repeat('x', 300) AS wide "
        f"FROM generate_series(0, {ROWS - 1}) i"
    )

    def changed() -> None:
        with psycopg.connect(ends.postgres.dsn(ends.database), autocommit=True) as connection:
            connection.execute(change.encode())

    demand_old(read_while(ends, ends.postgresql(), changed, table="public.s"))


WRITE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=0.1) as writer:
    writer.execute(sys.argv[2])
"""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_sqlite_is_one_state(ends: Ends, change: str, journal: str) -> None:
    file = ends.folder / "shop.sqlite"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute(f"PRAGMA journal_mode = {journal}")
        writer.execute("CREATE TABLE s (id INTEGER, note TEXT)")
        writer.executemany("INSERT INTO s VALUES (?, ?)", ((at, OLD) for at in range(ROWS)))
        writer.commit()

    def changed() -> None:
        # From another process: two copies of SQLite in one would let go of each other's locks.
        done = subprocess.run([sys.executable, "-c", WRITE, str(file), change], check=False)
        assert (done.returncode == 0) is (journal == "wal"), (
            "a writer waits for readers without a write-ahead log"
        )

    demand_old(read_while(ends, ends.sqlite(), changed, table="s"))


def test_duckdb_lets_no_writer_in(ends: Ends) -> None:
    with duckdb.connect(str(ends.folder / "warehouse.duckdb")) as writer:
        writer.execute(f"CREATE TABLE s AS SELECT i AS id, '{OLD}' AS note FROM range({ROWS}) r(i)")

    def refused() -> None:
        with pytest.raises(duckdb.Error):
            duckdb.connect(str(ends.folder / "warehouse.duckdb")).close()

    demand_old(read_while(ends, ends.duckdb(), refused, table="main.s"))


def csv(path: Path, note: str, rows: range) -> None:
    path.write_text("id,note\n" + "".join(f"{at},{note}\n" for at in rows))


def json(path: Path, note: str, rows: range) -> None:
    path.write_text("".join(f'{{"id": {at}, "note": "{note}"}}\n' for at in rows))


def parquet(path: Path, note: str, rows: range) -> None:
    table = pa.table({"id": list(rows), "note": [note] * len(rows)})
    pq.write_table(table, path, row_group_size=10_000)


WRITERS: Mapping[str, Callable[[Path, str, range], None]] = {"csv": csv, "json": json, "parquet": parquet}


def replaced(path: Path, write: Callable[[Path, str, range], None]) -> None:
    write(path.with_name("new"), NEW, range(ROWS))
    path.with_name("new").rename(path)


def rewritten(path: Path, write: Callable[[Path, str, range], None]) -> None:
    """In place, to the same size."""
    write(path.with_name("new"), NEW.ljust(len(OLD)), range(ROWS))
    with path.open("r+b") as file:
        file.write(path.with_name("new").read_bytes())


def truncated(path: Path, _: object) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


def appended(path: Path, write: Callable[[Path, str, range], None]) -> None:
    write(path.with_name("new"), NEW, range(ROWS, ROWS + 10))
    with path.open("ab") as file:
        file.write(path.with_name("new").read_bytes().removeprefix(b"id,note\n"))


def removed(path: Path, _: object) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [replaced, rewritten, truncated, appended, removed])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_changes_is_an_error(ends: Ends, kind: str, change: Callable[..., None]) -> None:
    path = ends.folder / f"s.{kind}"
    WRITERS[kind](path, OLD, range(ROWS))
    of = connector(kind, {"path": str(path)})
    with pytest.raises(Fault) as caught:
        read_while(ends, of, lambda: change(path, WRITERS[kind]))
    assert caught.value.fault in {FaultCode.BUSY, FaultCode.BAD_DATA}


def test_an_untouched_file_is_read_to_its_end(ends: Ends) -> None:
    csv(ends.folder / "s.csv", OLD, range(ROWS))
    demand_old(read_while(ends, connector("csv", {"path": str(ends.folder / "s.csv")}), lambda: None))
