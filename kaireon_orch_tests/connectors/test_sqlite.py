"""SQLite: declared types over dynamic values, each checked; nothing is written."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

TABLE = (
    "CREATE TABLE t (i INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB, n NUMERIC, d DECIMAL(10,2), day DATE, "
    "at DATETIME, flag BOOLEAN, v VARCHAR(10))"
)


def fill(ends: Ends, *statements: str) -> dict[str, Any]:
    with closing(sqlite3.connect(ends.folder / "shop.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return ends.sqlite()


def test_every_declared_type_is_exact(ends: Ends) -> None:
    of = fill(
        ends,
        TABLE,
        "INSERT INTO t VALUES (9223372036854775807, 0.1, 'a' || char(0) || 'é', x'00ff', 1.25, 12.5, '2020-02-29', "
        "'2020-01-01 10:00:00.123456', 1, 'x')",
        "INSERT INTO t VALUES (2, 1e300, '', x'', 9007199254740992, 0.1, '0001-01-01', '2020-01-01T10:00:00', 0, '')",
        "INSERT INTO t (i) VALUES (3)",
    )
    first, *_ = ends.rows(of, table="t")
    rows = {row["i"]: row for row in ends.rows(of, table="t")}
    assert first["i"] == 2
    assert rows[2**63 - 1] == {
        "i": 2**63 - 1,
        "r": 0.1,
        "s": "a\x00é",
        "b": b"\x00\xff",
        "n": 1.25,
        "d": Decimal("12.50"),
        "day": dt.date(2020, 2, 29),
        "at": dt.datetime(2020, 1, 1, 10, 0, 0, 123456),  # noqa: DTZ001
        "flag": True,
        "v": "x",
    }
    assert (rows[2]["s"], rows[2]["b"], rows[2]["n"], rows[2]["r"]) == ("", b"", 2.0**53, 1e300)
    assert all(rows[3][name] is None for name in rows[3] if name != "i")


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("s", "x'ff'", "X'FF'"),
        ("s", "CAST(x'ff41' AS TEXT)", "'\ufffdA'"),
        ("r", "'abc'", "'abc'"),
        ("b", "'text'", "'text'"),
        ("n", "9007199254740993", "9007199254740993"),
        ("d", "1.005", "1.005"),
        ("day", "20200101", "20200101"),
        ("day", "'2020-02-30'", "'2020-02-30'"),
        ("at", "'2020-01-01'", "'2020-01-01'"),
        ("at", "'2020-01-01 10:00:00Z'", "'2020-01-01 10:00:00Z'"),
        ("flag", "2", "2"),
        ("flag", "'true'", "'true'"),
        ("flag", "printf('x%01000d', 1)", "'x" + "0" * 38 + " "),
    ],
)
def test_a_value_against_its_declared_type_is_named_with_column_and_row(
    ends: Ends, column: str, value: str, shown: str
) -> None:
    of = fill(ends, TABLE, "INSERT INTO t (i) VALUES (1)", f"INSERT INTO t (i, {column}) VALUES (2, {value})")
    with pytest.raises(Fault, match=re.escape(f"Column '{column}', row 2: {shown}")) as caught:
        ends.rows(of, table="t")
    assert caught.value.fault is FaultCode.BAD_DATA


def test_types_hold_though_the_first_rows_are_null(ends: Ends) -> None:
    of = fill(
        ends,
        "CREATE TABLE n (s TEXT, r REAL, b BLOB)",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 50000) "
        "INSERT INTO n SELECT NULL, NULL, NULL FROM c",
        "INSERT INTO n VALUES ('late', 0.5, x'01')",
    )
    table = ends.table(of, table="n")
    assert table.num_rows == 50_001
    assert table.slice(50_000).to_pylist() == [{"s": "late", "r": 0.5, "b": b"\x01"}]


def test_a_query_has_the_types_of_its_values(ends: Ends) -> None:
    of = fill(ends, TABLE, "INSERT INTO t (i, d) VALUES (1, 2.5), (2, NULL)")
    query = "SELECT i + 1 AS whole, i * 0.5 AS part, 'x' AS text, NULL AS nil, d FROM t ORDER BY i DESC"
    assert ends.rows(of, query=query) == [
        {"whole": 3, "part": 1.0, "text": "x", "nil": None, "d": None},
        {"whole": 2, "part": 0.5, "text": "x", "nil": None, "d": Decimal("2.50")},
    ]


def test_a_mixed_expression_is_a_fault(ends: Ends) -> None:
    of = fill(ends, TABLE, "INSERT INTO t (i) VALUES (1), (2)")
    with pytest.raises(Fault, match="Column 'x', row 1"):
        ends.rows(of, query="SELECT CASE i WHEN 1 THEN 5 ELSE 'five' END AS x FROM t")


def test_a_row_limit_is_in_the_query(ends: Ends) -> None:
    of = fill(ends, TABLE, "INSERT INTO t (i, s) VALUES (1, 'a'), (2, 'b'), (3, x'ff')")
    assert [row["i"] for row in ends.rows(of, table="t", row_limit=2)] == [1, 2]


def test_names_with_dots_and_quotes(ends: Ends) -> None:
    of = fill(ends, 'CREATE TABLE "a.b""c" ("d ""e" TEXT)', 'INSERT INTO "a.b""c" VALUES (\'x\')')
    assert ends.rows(of, table='"a.b""c"') == [{'d "e': "x"}]


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM t", "SELECT 1; DELETE FROM t", "ATTACH 'x' AS y", "WITH x AS (SELECT 1) DELETE FROM t"],
)
def test_only_a_select_is_run(ends: Ends, query: str) -> None:
    of = fill(ends, TABLE, "INSERT INTO t (i) VALUES (1)")
    with pytest.raises(Fault) as caught:
        ends.rows(of, query=query)
    assert caught.value.fault is FaultCode.NOT_SUPPORTED
    assert len(ends.rows(of, table="t")) == 1


def test_what_is_not_there(ends: Ends) -> None:
    of = fill(ends, TABLE)
    with pytest.raises(Fault) as caught:
        ends.rows(of, table="nope")
    assert caught.value.fault is FaultCode.OBJECT_MISSING
    with pytest.raises(Fault) as caught:
        ends.rows(ends.sqlite("absent.sqlite"), table="t")
    assert caught.value.fault is FaultCode.OBJECT_MISSING


def test_probe_and_streams(ends: Ends) -> None:
    of = fill(ends, TABLE, "CREATE VIEW w AS SELECT i, at FROM t")
    of["config"]["sourceTable"] = "t"
    assert [check.name for check in ends.checks(of)] == ["file", "object"]
    streams = ends.streams(of)
    assert set(streams) == {"t", "w"}
    assert streams["t"].primary_key == ("i",)
    assert streams["t"].cursor_candidates == ("day", "at", "i")
    assert [str(column.arrow_type) for column in streams["t"].columns][:3] == ["int64", "double", "string"]


def test_a_file_that_is_no_database(ends: Ends) -> None:
    (ends.folder / "shop.sqlite").write_bytes(b"hello" * 1000)
    with pytest.raises(Fault) as caught:
        ends.checks(ends.sqlite())
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_query_passes_columns_of_no_type_and_blobs_through(ends: Ends) -> None:
    of = fill(
        ends,
        "CREATE TABLE u (free, b BLOB, empty BLOB)",
        "INSERT INTO u VALUES (1, x'00', NULL), (2, NULL, NULL)",
    )
    assert ends.rows(of, query="SELECT free, b, empty FROM u ORDER BY free") == [
        {"free": 1, "b": b"\x00", "empty": None},
        {"free": 2, "b": None, "empty": None},
    ]
