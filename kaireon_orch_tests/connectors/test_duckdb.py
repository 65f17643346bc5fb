"""DuckDB: its types both ways, queries that reach nothing else, and six loads at once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.opening import source_model

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

VALUES = {
    "BOOLEAN": "true",
    "TINYINT": "-128",
    "SMALLINT": "-32768",
    "INTEGER": "2147483647",
    "BIGINT": "9223372036854775807",
    "UTINYINT": "255",
    "USMALLINT": "65535",
    "UINTEGER": "4294967295",
    "UBIGINT": "18446744073709551615",
    "HUGEINT": "-170141183460469231731687303715884105728",
    "UHUGEINT": "340282366920938463463374607431768211455",
    "FLOAT": "0.1",
    "DOUBLE": "0.1",
    "DECIMAL(38,10)": "1234567890123456789012345678.0123456789",
    "VARCHAR": "'é😀'",
    "BLOB": "'\\x00\\xFF'::BLOB",
    "DATE": "DATE '0001-01-01'",
    "TIME": "TIME '23:59:59.999999'",
    "TIMESTAMP": "TIMESTAMP '2020-01-01 10:00:00.123456'",
    "TIMESTAMP_S": "TIMESTAMP_S '2020-01-01 10:00:00'",
    "TIMESTAMP_MS": "TIMESTAMP_MS '2020-01-01 10:00:00.123'",
    "TIMESTAMP_NS": "TIMESTAMP_NS '2020-01-01 10:00:00.123456789'",
    "TIMESTAMPTZ": "TIMESTAMPTZ '2020-01-01 10:00:00+02'",
    "TIMETZ": "TIMETZ '10:00:00+02'",
    "INTERVAL": "INTERVAL '1 month 2 days 3 seconds'",
    "UUID": "UUID '12345678-1234-5678-1234-567812345678'",
    "JSON": "'{\"a\": 1.10}'::JSON",
    "BIT": "'0101'::BIT",
    "ENUM('sad', 'ok')": "'sad'",
    "INTEGER[]": "[1, NULL]",
    "VARCHAR[]": "['a', '']",
}
"""One value for each type that a load keeps exactly."""

AS_TEXT = {
    "STRUCT(a INTEGER)": ("{'a': 1}", '{"a":1}'),
    "MAP(VARCHAR, INTEGER)": ("MAP {'a': 1}", '{"a":1}'),
    "INTEGER[][]": ("[[1]]", "[[1]]"),
}
"""Nested values become JSON."""


def make(ends: Ends, *statements: str, name: str = "shop.duckdb") -> dict[str, Any]:
    for statement in statements:
        ends.in_duckdb(statement, name)
    return ends.duckdb(name)


@pytest.fixture
def torture(ends: Ends) -> dict[str, Any]:
    columns = ", ".join(f'"c{at}" {type_}' for at, type_ in enumerate(VALUES))
    values = ", ".join(VALUES.values())
    nulls = ", ".join("NULL" for _ in VALUES)
    return make(ends, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({values}), ({nulls})")


def test_every_type_arrives_as_it_was(ends: Ends, torture: dict[str, Any]) -> None:
    ends.run(torture, ends.duckdb(), source={"table": "t"})
    texts = ", ".join(f'"c{at}"::VARCHAR' for at in range(len(VALUES)))
    before = ends.in_duckdb(f"SELECT {texts} FROM t", "shop.duckdb")
    assert ends.in_duckdb(f"SELECT {texts} FROM public.t ORDER BY c0 NULLS LAST") == before


def test_types_stay_what_they_are(ends: Ends, torture: dict[str, Any]) -> None:
    ends.run(torture, ends.duckdb(), source={"table": "t"})
    kinds = "SELECT data_type FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index"
    changed = {"HUGEINT": "VARCHAR", "UHUGEINT": "VARCHAR", "ENUM('sad', 'ok')": "VARCHAR"}
    before = [row[0] for row in ends.in_duckdb(kinds, "shop.duckdb")]
    assert [row[0] for row in ends.in_duckdb(kinds)] == [changed.get(kind, kind) for kind in before]


@pytest.mark.parametrize("type_", AS_TEXT)
def test_nested_values_become_json(ends: Ends, type_: str) -> None:
    value, text = AS_TEXT[type_]
    of = make(ends, f"CREATE TABLE t (c {type_})", f"INSERT INTO t VALUES ({value}), (NULL)")
    assert ends.rows(of, table="t") == [{"c": text}, {"c": None}]


@pytest.mark.parametrize("value", ["'infinity'::TIMESTAMP", "'-infinity'::TIMESTAMPTZ", "'infinity'::DATE"])
def test_infinity_is_refused(ends: Ends, value: str) -> None:
    of = make(ends, f"CREATE TABLE t AS SELECT NULL AS c UNION ALL SELECT {value}")
    with pytest.raises(Fault, match="Column 'c', row 2 holds infinity") as caught:
        ends.rows(of, table="t")
    assert caught.value.fault is FaultCode.TYPE_LOSSY


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY t TO '/tmp/kaireon-leak.csv'",
        "ATTACH '/tmp/kaireon-leak.db'",
        "SELECT 1; ATTACH '/tmp/kaireon-leak.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "DELETE FROM t",
    ],
)
def test_a_query_reaches_nothing_but_the_file(ends: Ends, query: str) -> None:
    of = make(ends, "CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(Fault) as caught:
        ends.rows(of, query=query)
    assert caught.value.fault in {FaultCode.NOT_SUPPORTED, FaultCode.NOT_PERMITTED, FaultCode.OBJECT_MISSING}
    assert "/etc" not in caught.value.message


def test_a_query_and_its_row_limit(ends: Ends) -> None:
    of = make(ends, "CREATE TABLE t AS SELECT range AS a FROM range(10)")
    query = "SELECT a, sum(a) OVER () AS s FROM t ORDER BY a DESC -- the last ones"
    assert [row["a"] for row in ends.rows(of, query=query, row_limit=2)] == [9, 8]


def test_probe_and_streams(ends: Ends) -> None:
    of = make(
        ends,
        "CREATE SCHEMA s",
        "CREATE TABLE s.t (id INTEGER PRIMARY KEY, seen TIMESTAMP)",
        "CREATE VIEW v AS SELECT 1 AS a",
    )
    of["config"]["sourceTable"] = "s.t"
    assert [check.name for check in ends.checks(of)] == ["file", "query", "object"]
    streams = ends.streams(of)
    assert set(streams) == {"t", "v"}
    assert (streams["t"].namespace, streams["t"].primary_key) == ("s", ("id",))
    assert streams["t"].cursor_candidates == ("seen", "id")


def test_a_missing_table_is_told_by_the_probe(ends: Ends) -> None:
    of = make(ends, "CREATE TABLE t (a INTEGER)")
    of["config"]["sourceTable"] = "nope"
    with pytest.raises(Fault) as caught:
        ends.checks(of)
    assert caught.value.fault is FaultCode.OBJECT_MISSING


def test_a_file_that_is_no_database(ends: Ends) -> None:
    (ends.folder / "shop.duckdb").write_bytes(b"hello" * 5000)
    with pytest.raises(Fault) as caught:
        ends.checks(ends.duckdb("shop.duckdb"))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_source_and_target_may_be_one_file(ends: Ends) -> None:
    make(ends, "CREATE TABLE t AS SELECT range AS a FROM range(1000)", name="warehouse.duckdb")
    result = ends.run(ends.duckdb(), ends.duckdb(), source={"table": "t"}, table="copy")
    assert result["rowCount"] == 1000


def test_six_loads_at_once_all_arrive(ends: Ends) -> None:
    source = ends.csv("a\n" + "\n".join(map(str, range(1000))) + "\n")

    def load(table: int) -> int:
        return int(ends.run_child(source, ends.duckdb(), table=f"t{table % 3}")["rowsLoaded"])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(load, range(6))) == [1000] * 6
    counts = [ends.in_duckdb(f"SELECT count(*) FROM public.t{table}")[0][0] for table in range(3)]
    assert counts == [2000] * 3
    assert ends.in_duckdb("SELECT count(*) FROM public._kaireon_loads") == [(6,)]


def test_a_row_that_breaks_a_constraint_is_refused(ends: Ends) -> None:
    make(
        ends, "CREATE SCHEMA public", "CREATE TABLE public.t (a BIGINT PRIMARY KEY)", name="warehouse.duckdb"
    )
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv("a\n1\n1\n"), ends.duckdb())
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert ends.in_duckdb("SELECT count(*) FROM public.t") == [(0,)]


def test_decimals_and_times_of_a_csv_file(ends: Ends) -> None:
    ends.run(ends.csv("a,b\n12.50,2020-01-01T00:00:00Z\n"), ends.duckdb())
    assert ends.in_duckdb("SELECT a, b::VARCHAR FROM public.t") == [
        (Decimal("12.50"), "2020-01-01 00:00:00+00")
    ]
    assert ends.in_duckdb("SELECT b AT TIME ZONE 'UTC' FROM public.t") == [(dt.datetime(2020, 1, 1),)]  # noqa: DTZ001


@pytest.mark.parametrize(
    "relation", ["CREATE VIEW v AS FROM t", "CREATE TABLE v AS SELECT a, a AS rowid FROM t"]
)
def test_what_has_no_row_ids_of_its_own_is_read_whole(ends: Ends, relation: str) -> None:
    of = make(ends, "CREATE TABLE t AS SELECT 2 * range AS a FROM range(1000)", relation)
    assert [row["a"] for row in ends.rows(of, table="v")] == list(range(0, 2000, 2))


def test_rows_that_are_left_of_a_table_are_read_in_its_order(ends: Ends) -> None:
    of = make(
        ends,
        "CREATE TABLE t AS SELECT range AS a FROM range(200000)",
        "DELETE FROM t WHERE a % 3 = 0 OR a BETWEEN 100 AND 90000",
        "INSERT INTO t VALUES (-1)",
    )
    left = [a for a in range(200_000) if a % 3 and not 100 <= a <= 90_000]
    assert [row["a"] for row in ends.rows(of, table="t")] == [*left, -1]


def test_batches_of_long_values_are_small(ends: Ends) -> None:
    of = make(
        ends, "CREATE TABLE t AS SELECT repeat(chr((65 + range % 26)::INT), 300000) AS a FROM range(500)"
    )
    with closing(ends.opened(of)) as source:
        sizes = [batch.nbytes for batch in source.read(ReadRequest(source_model(of, {"table": "t"}))).batches]
    assert sum(sizes) > 150_000_000
    assert max(sizes) < 64 << 20
