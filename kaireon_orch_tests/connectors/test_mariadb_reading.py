"""Reading MariaDB: ranges and streams alike, limits, cursors and windows, lost connections, memory that stays."""

from __future__ import annotations

import resource
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.source import CursorRange, ReadRequest, Window
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.opening import opening, source_model
from kaireon_orch_tests.connectors.mysql_ends import kill_others, numbered

if TYPE_CHECKING:
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds


def test_ranges_join_without_a_gap(my: MyEnds) -> None:
    numbered(my, 250_001)
    my.sql("DELETE FROM src WHERE id BETWEEN 5 AND 120000", "INSERT INTO src VALUES (-7, 'x', NULL)")
    table = my.table(my.my(), table="src")
    ids = table.column("id").to_pylist()
    assert ids == [-7, *range(1, 5), *range(120_001, 250_002)]


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
@pytest.mark.parametrize("limit", [0, 3, 100_002])
def test_the_row_limit_holds(my: MyEnds, config: dict[str, Any], limit: int) -> None:
    numbered(my, 100_010)
    assert my.table(my.my(**config), table="src", row_limit=limit).num_rows == limit


def test_a_query_is_limited_and_sees_no_more(my: MyEnds) -> None:
    numbered(my, 10)
    rows = my.rows(
        my.my(), query="SELECT id, SUM(id) OVER () AS s FROM src ORDER BY id DESC -- all of it", row_limit=2
    )
    assert [(row["id"], row["s"]) for row in rows] == [(10, "55"), (9, "55")]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("SELECT 1; DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 AS a INTO OUTFILE '/tmp/kaireon-out'", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 /*! ; DELETE FROM src */", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 AS a # '\n) AS x; DELETE FROM src -- '", FaultCode.NOT_SUPPORTED),
        ("SELECT `'` FROM src; DELETE FROM src WHERE `'`", FaultCode.NOT_SUPPORTED),
        (r"SELECT '\'; DELETE FROM src -- ' AS a", None),
        ("SELECT writing() AS a", FaultCode.NOT_PERMITTED),
        ("SELECT nope FROM src", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM nope", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM src WHERE", FaultCode.NOT_SUPPORTED),
        ("SELECT a, a FROM src", FaultCode.BAD_DATA),
    ],
)
def test_a_query_is_one_select_and_writes_nothing(my: MyEnds, query: str, code: FaultCode | None) -> None:
    my.sql(
        "CREATE TABLE src (a INT)",
        "INSERT INTO src VALUES (1)",
        "CREATE FUNCTION writing() RETURNS INT BEGIN DELETE FROM src; RETURN 1; END",
    )
    if code is None:
        assert len(my.rows(my.my(), query=query)) == 1
    else:
        with pytest.raises(Fault) as caught:
            my.rows(my.my(), query=query)
        assert caught.value.fault is code
    assert my.sql("SELECT a FROM src") == [(1,)]


def request(my: MyEnds, **options: Any) -> list[dict[str, Any]]:
    of = my.my()
    with closing(my.opened(of)) as source:
        reading = source.read(ReadRequest(source_model(of, {"table": "src"}), **options))
        rows: list[dict[str, Any]] = pa.Table.from_batches(list(reading.batches), reading.schema).to_pylist()
    return [{**row, "skipped": reading.figures.get("rowsSkipped")} for row in rows]


def test_a_cursor_goes_on_from_where_it_was(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, t TIMESTAMP(6) NULL, d DECIMAL(5,1))",
        "INSERT INTO src VALUES (1, '2020-01-01 00:00:00.5', 9), (2, NULL, 8), (3, '2020-01-01 00:00:00.25', 10)",
    )
    after = request(my, cursor=CursorRange("t", "2020-01-01T02:00:00.250000+02:00", inclusive=False))
    assert [(row["id"], row["skipped"]) for row in after] == [(1, 1)]
    first = request(my, cursor=CursorRange("t", None, inclusive=False, order_by=("id",)), row_limit=1)
    assert [row["id"] for row in first] == [3]
    assert [row["id"] for row in request(my, cursor=CursorRange("d", None, inclusive=True))] == [2, 1, 3]


def test_a_window_is_read_alone(my: MyEnds) -> None:
    numbered(my, 10)
    rows = request(my, window=Window("at", "2020-01-01 00:00:03", "2020-01-01T00:00:06"))
    assert [row["id"] for row in rows] == [3, 4, 5]


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_a_connection_killed_midway_is_a_lost_one(my: MyEnds, config: dict[str, Any]) -> None:
    numbered(my, 250_000)
    of = my.my(**config)
    with closing(my.opened(of)) as source:
        batches = source.read(ReadRequest(source_model(of, {"table": "src"}))).batches
        next(iter(batches))
        assert kill_others(my, "src")
        with pytest.raises(Fault) as caught:
            list(batches)
    assert caught.value.retryable


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_closing_early_does_not_read_the_rest(my: MyEnds, config: dict[str, Any]) -> None:
    numbered(my, 300_000)
    of = my.my(**config)
    source = my.opened(of)
    batches = source.read(ReadRequest(source_model(of, {"table": "src"}))).batches
    next(iter(batches))
    started = time.monotonic()
    batches.close()  # type: ignore[attr-defined]
    source.close()
    assert time.monotonic() - started < 0.5
    deadline = time.monotonic() + 10
    while my.mariadb.execute(f"SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = '{my.own}'"):
        assert time.monotonic() < deadline, "a connection stayed"
        time.sleep(0.1)


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_a_slow_target_does_not_let_memory_grow(my: MyEnds, config: dict[str, Any]) -> None:
    """A reader that reads ahead would hold all 200 MB."""
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, c LONGTEXT)",
        "INSERT INTO src SELECT seq, REPEAT('z', 1000000) FROM seq_1_to_200",
    )
    of = my.my(**config)
    with closing(my.opened(of)) as source:
        before = held()
        batches = iter(source.read(ReadRequest(source_model(of, {"table": "src"}))).batches)
        next(batches)
        time.sleep(0.5)
        next(batches)
        assert held() - before < 160 << 10
        assert sum(batch.num_rows for batch in batches) >= 100


def held() -> int:
    """KiB of this process now."""
    with open("/proc/self/statm") as file:  # noqa: PTH123  a kernel's file
        return int(file.read().split()[1]) * resource.getpagesize() >> 10


def test_one_snapshot_where_it_is_asked_for(my: MyEnds) -> None:
    numbered(my, 150_000)
    for consistent, message in ((True, None), (False, "without a common snapshot")):
        of = my.my(consistentSnapshot=consistent)
        with closing(my.opened(of)) as source:
            reading = source.read(ReadRequest(source_model(of, {"table": "src"})))
            assert (message is None and reading.message is None) or (message or "") in (reading.message or "")
            batches = iter(reading.batches)
            rows = next(batches).num_rows
            my.sql(
                f"INSERT INTO src SELECT id + {1000000 + 100 * consistent}, note, at FROM src WHERE id < 11"
            )
            rows += sum(batch.num_rows for batch in batches)
        assert rows == (150_000 if consistent else 150_020)  # the second read finds the ten of the first, too


def test_streams(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE src (a INT UNSIGNED, id BIGINT PRIMARY KEY, t TIMESTAMP NULL, d DECIMAL(10,2), j JSON)",
        "CREATE VIEW seen AS SELECT id FROM src",
    )
    streams = my.streams(my.my())
    assert set(streams) == {"src", "seen"}
    src = streams["src"]
    assert (src.namespace, src.primary_key, src.cursor_candidates) == (my.own, ("id",), ("t", "id"))
    assert [(c.name, c.source_type, str(c.arrow_type), c.nullable, c.key) for c in src.columns][:4] == [
        ("a", "int(10) unsigned", "uint32", True, False),
        ("id", "bigint(20)", "int64", False, True),
        ("t", "timestamp", "timestamp[us, tz=UTC]", True, False),
        ("d", "decimal(10,2)", "decimal128(10, 2)", True, False),
    ]
    assert (src.columns[4].source_type, src.columns[4].arrow_type) == ("json", pa.json_())


def test_without_a_judge_every_connection_is_the_doors(my: MyEnds) -> None:
    """Nothing but the dialled socket is used: the fast way, which dials by itself, stays shut."""
    numbered(my, 10)
    of = my.my()
    job = my.job({})
    unjudged = type(job.door)(my.policy(), job.door.deadline, job.door.refusals, kernel=False)
    opened = opening(job, of)
    with closing(
        catalogue.source("mariadb")(
            type(opened)(opened.config, "password", opened.auth, unjudged, opened.folder)
        )
    ) as source:
        reading = source.read(ReadRequest(source_model(of, {"table": "src"})))
        assert reading.message is None
        assert sum(batch.num_rows for batch in reading.batches) == 10


def test_a_reader_in_a_thread_can_be_stopped_from_outside(my: MyEnds) -> None:
    """A cancelled run closes the source while its reader waits for the server."""
    of = my.my()
    source = my.opened(of)
    reading = source.read(ReadRequest(source_model(of, {"query": "SELECT SLEEP(20) AS a FROM seq_1_to_3"})))
    faults: list[Fault] = []

    def read() -> None:
        try:
            list(reading.batches)
        except Fault as fault:
            faults.append(fault)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.3)
    kill_others(my, "SLEEP")
    source.close()
    thread.join(5)
    assert not thread.is_alive()
    assert faults
