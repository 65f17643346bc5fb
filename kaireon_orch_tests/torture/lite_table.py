"""SQLite's torture table: declared types, and what else a column may hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import LONG, NOT_FINITE, WEIRD, plain, refused, sql_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")


def texts(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(sql_text(value), value) for value in values)


CASES: tuple[Case, ...] = (
    case("integer", "INTEGER", "int", *plain(-(2**63), 2**63 - 1, 2**53 + 1), *refused("'x'", "1.5", "x'00'")),
    case("tinyint", "TINYINT", "int", *plain(127, -(2**63))),
    case("real", "REAL", "float", Cell("0.1", 0.1), Cell("-0.0", 0.0), Cell("5e-324", 5e-324), Cell("1.7976931348623157e308", 1.7976931348623157e308), Cell("9e999", float("inf"), NOT_FINITE), Cell("-9e999", float("-inf"), NOT_FINITE), Cell("1", 1.0), *refused("'x'")),
    case("double", "DOUBLE PRECISION", "float", Cell("1e-7", 1e-7), Cell("16777217", 16777217.0)),
    case("float", "FLOAT", "float", Cell("0.30000000000000004", 0.30000000000000004)),
    case("numeric", "NUMERIC", "float", Cell("0.1", 0.1), Cell("9007199254740992", 9007199254740992.0), *refused("9007199254740993", "'abc'")),
    case("decimal12_2", "DECIMAL(12,2)", "decimal", Cell("1.10", Decimal("1.10")), Cell("'1.10'", Decimal("1.10")), Cell("-9999999999.99", Decimal("-9999999999.99")), *refused("1.005", "'x'", "99999999999.5")),
    case("decimal30_2", "DECIMAL(30,2)", "float", Cell("1.5", 1.5), *refused("'12345678901234567890.12x'")),
    case("boolean", "BOOLEAN", "bool", Cell("1", True), Cell("0", False), *refused("2", "'true'")),
    case("text", "TEXT", "text", *texts("", "NULL", " a ", WEIRD, LONG), Cell("'a' || char(0) || 'b'", "a\x00b", PG), *refused("x'c328'", "CAST(x'c328' AS TEXT)", "CAST(x'61ff62' AS TEXT)")),
    case("varchar", "VARCHAR(5)", "text", *texts("longer than five", "007")),
    case("json", "JSON", "text", *texts('{"a":1,"a":1.10}')),
    case("clob", "CLOB", "text", *texts("x")),
    case("blob", "BLOB", "bytes", Cell("x'00ff27c328'", b"\x00\xff'\xc3("), Cell("x''", b""), *refused("'text'", "5")),
    case("date", "DATE", "date", *texts("0001-01-01", "9999-12-31", "2024-02-29"), *refused("'2023-02-29'", "'x'", "45000", "'2024-1-1'", "''")),
    case("datetime", "DATETIME", "timestamp", Cell("'2024-02-29 12:00:00'", "2024-02-29T12:00:00"), Cell("'0001-01-01T00:00:00.000001'", "0001-01-01T00:00:00.000001"), Cell("'9999-12-31 23:59:59.999999'", "9999-12-31T23:59:59.999999"), *refused("'2024-02-29 12:00:00Z'", "'2024-02-29 12:00:00+02:00'", "1700000000", "'2024-02-30 12:00'", "'2024-01-01 00:00:00.0000001'")),
    case("timestamp", "TIMESTAMP", "timestamp", Cell("'2024-02-29 12:00:00.5'", "2024-02-29T12:00:00.5")),
    case("time", "TIME", "text", *texts("25:00:00", "12:00")),
    case("untyped_int", "", "int", *plain(1, 2**63 - 1)),
    case("untyped_float", "", "float", Cell("0.5", 0.5), Cell("2", 2.0)),
    case("untyped_text", "", "text", *texts("x", "")),
    case("untyped_blob", "", "bytes", Cell("x'00'", b"\x00")),
    case("untyped_mixed", "", "text", *refused("1")[:0], *texts("x")),
)  # fmt: skip


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file with a table of these columns, a row for each cell; what to read."""
    name = f"{arena.name()}.sqlite"
    types = ", ".join(f'"{name}" {each.type}' for name, (each, _) in columns.items())
    height = max(len(cells) for _, cells in columns.values())
    rows = []
    for at in range(height + 1):
        values = (str(cells[at].given) if at < len(cells) else "NULL" for _, cells in columns.values())
        rows.append(f"({at}, {', '.join(values)})")
    with closing(sqlite3.connect(arena.folder / name)) as connection:
        connection.execute(f"CREATE TABLE t ({ID} INTEGER, {types})")
        connection.execute(f"INSERT INTO t VALUES {', '.join(rows)}")
        connection.commit()
    return arena.sqlite(name), {"table": "t"}
