"""DuckDB's torture table: its types and their edges."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import (
    DIGITS_38,
    LISTS,
    LONG,
    NOT_FINITE,
    TIMES,
    WEIRD,
    decimals,
    plain,
    refused,
    sql_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")
MY = off("mariadb")
MICRO = off("postgresql", "mariadb", "delta_lake")
"""Nothing finer than microseconds there."""


def texts(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(sql_text(value), value) for value in values)


def not_finite() -> tuple[Cell, ...]:
    return tuple(Cell(f"'{word}'", float(word), NOT_FINITE) for word in ("NaN", "inf", "-inf"))


def floats(*values: float) -> tuple[Cell, ...]:
    return tuple(Cell(f"'{value!r}'", value) for value in values)


CASES: tuple[Case, ...] = (
    case("bool", "BOOLEAN", "bool", Cell("true", True), Cell("false", False)),
    case("tinyint", "TINYINT", "int", *plain(-128, 127)),
    case("smallint", "SMALLINT", "int", *plain(-(2**15), 2**15 - 1)),
    case("integer", "INTEGER", "int", *plain(-(2**31), 2**31 - 1)),
    case("bigint", "BIGINT", "int", *plain(-(2**63), 2**63 - 1)),
    case("hugeint", "HUGEINT", "int", *plain(-(2**127), 2**127 - 1, 0)),
    case("utinyint", "UTINYINT", "int", *plain(0, 255)),
    case("usmallint", "USMALLINT", "int", *plain(0, 2**16 - 1)),
    case("uinteger", "UINTEGER", "int", *plain(0, 2**32 - 1)),
    case("ubigint", "UBIGINT", "int", *plain(0, 2**64 - 1)),
    case("uhugeint", "UHUGEINT", "int", *plain(0, 2**128 - 1)),
    case("bignum", "BIGNUM", "int", *plain(0, -(10**50))),
    case("float", "FLOAT", "float", *floats(-0.0, 0.10000000149011612, 3.4028234663852886e38, 1.401298464324817e-45), *not_finite()),
    case("double", "DOUBLE", "float", *floats(-0.0, 0.1, 5e-324, 1.7976931348623157e308), *not_finite()),
    case("dec4_1", "DECIMAL(4,1)", "decimal", *decimals("-999.9", "1.0")),
    case("dec9_2", "DECIMAL(9,2)", "decimal", *decimals("-9999999.99", "1.10")),
    case("dec18_3", "DECIMAL(18,3)", "decimal", *decimals("-999999999999999.999")),
    case("dec38_10", "DECIMAL(38,10)", "decimal", *decimals(f"-{DIGITS_38[:28]}.{DIGITS_38[28:]}")),
    case("dec38_38", "DECIMAL(38,38)", "decimal", *decimals(f"0.{DIGITS_38}")),
    case("varchar", "VARCHAR", "text", *texts("", "NULL", " a ", WEIRD, LONG), Cell("'a' || chr(0) || 'b'", "a\x00b", PG)),
    case("blob", "BLOB", "bytes", Cell("'\\x00\\xFF''\\xC3('::BLOB", b"\x00\xff'\xc3("), Cell("''::BLOB", b"")),
    case("date", "DATE", "date", *texts("0001-01-01", "9999-12-31", "2024-02-29"), Cell("DATE '0044-03-15 (BC)'", "-0043-03-15", MY), Cell("DATE '5877642-06-25 (BC)'", "-5877641-06-25", off("postgresql", "mariadb")),
        Cell("DATE '5881580-07-10'", "5881580-07-10", off("postgresql", "mariadb")), *refused("DATE 'infinity'", "DATE '-infinity'")),
    case("time", "TIME", "time", *texts("00:00:00", "23:59:59.999999"), Cell("TIME '24:00:00'", "24:00:00", off("parquet")), not_in=TIMES),
    case("time_ns", "TIME_NS", "text", *texts("23:59:59.999999", "00:00:00.123456789", "24:00:00")),
    case("timetz", "TIMETZ", "text", Cell("TIMETZ '10:00:00.000001+02'", "10:00:00.000001+02"), Cell("TIMETZ '24:00:00-15:59:59'", "24:00:00-15:59:59")),
    case("timestamp", "TIMESTAMP", "timestamp", *(Cell(f"'{value}'", value) for value in ("2020-01-01T10:00:00.123456", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999")),
        Cell("TIMESTAMP '294247-01-10 04:00:54.775806'", "294247-01-10T04:00:54.775806", MY), *refused("TIMESTAMP 'infinity'", "TIMESTAMP '-infinity'")),
    case("timestamp_s", "TIMESTAMP_S", "timestamp", Cell("'2020-01-01 10:00:00'", "2020-01-01T10:00:00"), *refused("TIMESTAMP_S 'infinity'")),
    case("timestamp_ms", "TIMESTAMP_MS", "timestamp", Cell("'2020-01-01 10:00:00.123'", "2020-01-01T10:00:00.123"), *refused("TIMESTAMP_MS '-infinity'")),
    case("timestamp_ns", "TIMESTAMP_NS", "timestamp", Cell("'2020-01-01 10:00:00.123456'", "2020-01-01T10:00:00.123456"), Cell("'2020-01-01 10:00:00.123456789'", "2020-01-01T10:00:00.123456789", MICRO), *refused("TIMESTAMP_NS 'infinity'")),
    case("timestamptz", "TIMESTAMPTZ", "timestamptz", Cell("'2024-10-27 02:30:00+02'", "2024-10-27T00:30:00Z"), Cell("'2024-10-27 02:30:00+01'", "2024-10-27T01:30:00Z"), Cell("'0001-01-01 00:00:00+00'", "0001-01-01T00:00:00Z", MY), *refused("TIMESTAMPTZ 'infinity'")),
    case("interval", "INTERVAL", "text", Cell("INTERVAL '1 month 2 days 3.000001 seconds'", "1 month 2 days 00:00:03.000001"), Cell("INTERVAL '-14 months'", "-1 year -2 months")),
    case("uuid", "UUID", "uuid", *texts("12345678-1234-5678-1234-567812345678", "ffffffff-ffff-ffff-ffff-ffffffffffff")),
    case("json", "JSON", "json", *texts('{"a": 1.10}', "null", '{"b":123456789012345678901234567890}'), Cell("'{\"a\":1,\"a\":2}'", '{"a":1,"a":2}', PG)),
    case("bit", "BIT", "text", *texts("0101", "1")),
    case("enum", "ENUM('sad', 'ok', '')", "text", *texts("sad", "")),
    case("ints", "INTEGER[]", "list:int", Cell("[1, NULL, -2147483648]", [1, None, -(2**31)]), Cell("[]", []), not_in=LISTS),
    case("texts", "VARCHAR[]", "list:text", Cell("['', NULL, 'é']", ["", None, "é"]), not_in=LISTS),
    case("utinyints", "UTINYINT[]", "list:int", Cell("[255, 0]", [255, 0]), not_in=LISTS),
    case("decimals", "DECIMAL(9,2)[]", "list:decimal", Cell("[1.10, NULL]", [Decimal("1.10"), None]), not_in=LISTS),
    case("moments", "TIMESTAMP[]", "list:timestamp", Cell("[TIMESTAMP '2024-02-29 01:02:03.000004']", ["2024-02-29T01:02:03.000004"]), *refused("[TIMESTAMP 'infinity']"), not_in=LISTS),
    case("dates", "DATE[]", "list:date", Cell("[DATE '0001-01-01', NULL]", ["0001-01-01", None]), *refused("[DATE 'infinity']"), not_in=LISTS),
    case("ints2", "INTEGER[][]", "json", Cell("[[1], NULL, []]", "[[1],null,[]]")),
    case("array", "INTEGER[3]", "json", Cell("[1, 2, NULL]", "[1,2,null]")),
    case("struct", "STRUCT(a INTEGER, b VARCHAR)", "json", Cell("{'a': 1, 'b': 'é\"'}", '{"a":1,"b":"é\\""}')),
    case("struct_big", "STRUCT(a HUGEINT, d DECIMAL(38,10), f DOUBLE)", "json", Cell("{'a': 170141183460469231731687303715884105727, 'd': 1234567890123456789012345678.0123456789, 'f': 0.1}", '{"a":170141183460469231731687303715884105727,"d":1234567890123456789012345678.0123456789,"f":0.1}')),
    case("map", "MAP(VARCHAR, INTEGER)", "json", Cell("MAP {'a': 1}", '{"a":1}')),
    case("map_int", "MAP(INTEGER, VARCHAR)", "json", Cell("MAP {1: 'x'}", '{"1":"x"}')),
    case("union", "UNION(i INTEGER, s VARCHAR)", "json", Cell("'x'", '{"s":"x"}'), Cell("5", '{"i":5}'), Cell("'5'", '{"s":"5"}'), Cell("union_value(s := NULL)", '{"s":null}')),
    case("struct_float", "STRUCT(f DOUBLE, s VARCHAR)", "json", Cell("{'f': 1e-7, 's': 'NaN'}", '{"f":1e-7,"s":"NaN"}'), *refused("{'f': 'NaN'::DOUBLE, 's': ''}", "{'f': '-inf'::DOUBLE, 's': ''}")),
)  # fmt: skip


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file with a table of these columns, a row for each cell; what to read."""
    name = f"{arena.name()}.duckdb"
    types = ", ".join(f'"{name}" {each.type}' for name, (each, _) in columns.items())
    height = max(len(cells) for _, cells in columns.values())
    rows = []
    for at in range(height + 1):
        values = (str(cells[at].given) if at < len(cells) else "NULL" for _, cells in columns.values())
        rows.append(f"({at}, {', '.join(values)})")
    with duckdb.connect(str(arena.folder / name)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE t ({ID} INTEGER, {types})")
        connection.execute(f"INSERT INTO t VALUES {', '.join(rows)}")
    return arena.duckdb(name), {"table": "t"}
