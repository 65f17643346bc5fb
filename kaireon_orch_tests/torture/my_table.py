"""MariaDB's torture table: its types and their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import DIGITS_38, DIGITS_76, TIMES, decimals, plain, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")
WEIRD = "é e\u0301 😀 \uffff a\r\nb\nc\rd\te \\ ' \" \x7f "
LONG = "ab'\"\\ " * 175_000
WKB = bytes.fromhex("0101000000000000000000f03f0000000000000040")


def texts(*values: str) -> tuple[Cell, ...]:
    """Texts in hexadecimal, so that nothing of them is read otherwise."""
    return tuple(Cell(f"CONVERT(x'{value.encode().hex()}' USING utf8mb4)", value) for value in values)


def moments(*values: str, zone: str = "") -> tuple[Cell, ...]:
    return tuple(Cell(f"'{value}'", value + zone) for value in values)


CASES: tuple[Case, ...] = (
    case("tinyint", "TINYINT", "int", *plain(-128, 127)),
    case("utinyint", "TINYINT UNSIGNED", "int", *plain(0, 255)),
    case("tinyint1", "TINYINT(1)", "int", *plain(2, 0, -1)),
    case("smallint", "SMALLINT", "int", *plain(-(2**15), 2**15 - 1)),
    case("usmallint", "SMALLINT UNSIGNED", "int", *plain(0, 2**16 - 1)),
    case("mediumint", "MEDIUMINT", "int", *plain(-(2**23), 2**23 - 1)),
    case("umediumint", "MEDIUMINT UNSIGNED", "int", *plain(0, 2**24 - 1)),
    case("int", "INT", "int", *plain(-(2**31), 2**31 - 1)),
    case("uint", "INT UNSIGNED", "int", *plain(0, 2**32 - 1)),
    case("zerofill", "INT(8) ZEROFILL", "int", *plain(42)),
    case("bigint", "BIGINT", "int", *plain(-(2**63), 2**63 - 1)),
    case("ubigint", "BIGINT UNSIGNED", "int", *plain(0, 2**64 - 1, 2**63)),
    case("year", "YEAR", "int", Cell("1901", 1901), Cell("2155", 2155), Cell("0000", 0)),
    case("float", "FLOAT", "float", Cell("16777215", 16777215.0), Cell("0.1", 0.10000000149011612), Cell("3.4028234e38", 3.4028234663852886e38), Cell("1e-38", 9.999999350456404e-39)),
    case("float_m_d", "FLOAT(10,3)", "float", Cell("1600.125", 1600.125)),
    # MariaDB itself knows no negative zero.
    case("double", "DOUBLE", "float", Cell("1.7976931348623157e308", 1.7976931348623157e308), Cell("0.1", 0.1), Cell("9007199254740993e0", 9007199254740992.0), Cell("5e-324", 5e-324), Cell("-0e0", 0.0)),
    case("dec12_2", "DECIMAL(12,2)", "decimal", *decimals("-9999999999.99", "1.10", "0.00")),
    case("dec38_10", "DECIMAL(38,10)", "decimal", *decimals(f"-{DIGITS_38[:28]}.{DIGITS_38[28:]}", "0.0000000001")),
    case("dec38_30", "DECIMAL(38,30)", "decimal", *decimals("12345678.000000000000000000000000000001")),
    case("dec65_0", "DECIMAL(65,0)", "decimal", *decimals("-" + DIGITS_76[:65])),
    case("dec65_30", "DECIMAL(65,30)", "decimal", *decimals(f"{DIGITS_76[:35]}.{DIGITS_76[:30]}", "-0.000000000000000000000000000001")),
    case("udec", "DECIMAL(10,2) UNSIGNED", "decimal", *decimals("99999999.99")),
    case("bit1", "BIT(1)", "bool", Cell("b'1'", True), Cell("b'0'", False)),
    case("bit8", "BIT(8)", "int", Cell("b'11111111'", 255), Cell("b'0'", 0)),
    case("bit64", "BIT(64)", "int", Cell("0xFFFFFFFFFFFFFFFF", 2**64 - 1)),
    case("char5", "CHAR(5)", "text", *texts("ab", " a", "", "😀😀😀😀😀"), Cell("'a  '", "a")),
    case("varchar", "VARCHAR(40)", "text", *texts("", "a  ", "NULL", WEIRD[:40]), Cell("x'6100'", "a\x00", PG)),
    case("latin1", "VARCHAR(5) CHARACTER SET latin1", "text", Cell("'é'", "é"), Cell("'€'", "€")),
    case("utf16", "VARCHAR(5) CHARACTER SET utf16", "text", Cell("'é😀'", "é😀")),
    case("text", "TEXT", "text", *texts(WEIRD, "", " x ")),
    case("longtext", "LONGTEXT", "text", *texts(LONG, "")),
    case("enum", "ENUM('a','b''c','é','')", "text", Cell("'b''c'", "b'c"), Cell("'é'", "é"), Cell("''", "")),
    case("set", "SET('a','b')", "text", Cell("'a,b'", "a,b"), Cell("''", "")),
    case("binary3", "BINARY(3)", "bytes", Cell("x'00FF'", b"\x00\xff\x00")),
    case("varbinary", "VARBINARY(5)", "bytes", Cell("x'00FF27'", b"\x00\xff'"), Cell("x''", b"")),
    case("longblob", "LONGBLOB", "bytes", Cell("x'5C00C328'", b"\\\x00\xc3("), Cell("REPEAT(x'00FF', 500000)", b"\x00\xff" * 500_000)),
    case("date", "DATE", "date", *moments("0001-01-01", "9999-12-31", "2024-02-29", "1000-01-01"), *refused("'0000-00-00'", "'2024-00-00'", "'2024-01-00'")),
    case("datetime", "DATETIME", "timestamp", *(Cell(f"'{value}'", value) for value in ("1000-01-01T00:00:00", "9999-12-31T23:59:59")), *refused("'0000-00-00 00:00:00'")),
    case("datetime6", "DATETIME(6)", "timestamp", *(Cell(f"'{value}'", value) for value in ("2020-02-29T23:59:59.999999", "0001-01-01T00:00:00", "1969-12-31T23:59:59.999999"))),
    case("timestamp6", "TIMESTAMP(6) NULL", "timestamptz", Cell("'2038-01-19 03:14:07.999999'", "2038-01-19T03:14:07.999999Z"), Cell("'1970-01-01 00:00:01'", "1970-01-01T00:00:01Z"), Cell("'2024-03-31 01:30:00'", "2024-03-31T01:30:00Z"), *refused("'0000-00-00 00:00:00'")),
    case("time", "TIME", "time", *moments("23:59:59", "00:00:00"), *refused("'838:59:59'", "'-00:00:01'", "'24:00:01'"), not_in=TIMES),
    case("time6", "TIME(6)", "time", *moments("00:00:00.000001"), *refused("'24:00:00.000001'"), not_in=TIMES),
    case("json", "JSON", "json", *texts('{"b": 1.10,  "a": 12345678901234567890}', "null", '"é😀"', "[]"), Cell("'\"\\\\u0000\"'", '"\\u0000"', PG), Cell("'{\"a\": 1, \"a\": 2}'", '{"a": 1, "a": 2}', PG)),
    case("uuid", "UUID", "uuid", Cell("'12345678-1234-5678-1234-567812345678'", "12345678-1234-5678-1234-567812345678"), Cell("'ffffffff-ffff-ffff-ffff-ffffffffffff'", "ffffffff-ffff-ffff-ffff-ffffffffffff")),
    case("inet6", "INET6", "text", Cell("'::1'", "::1")),
    case("inet4", "INET4", "text", Cell("'10.0.0.1'", "10.0.0.1")),
    case("point", "POINT", "bytes", Cell("ST_GeomFromText('POINT(1 2)')", WKB)),
    case("geometry", "GEOMETRY", "bytes", Cell("ST_GeomFromText('POINT(1 2)')", WKB)),
)  # fmt: skip


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A table of these columns, a row for each cell; what to read."""
    table = arena.name()
    types = ", ".join(f"`{name}` {each.type}" for name, (each, _) in columns.items())
    height = max(len(cells) for _, cells in columns.values())
    names = [name for name, _ in columns.items()]
    rows = []
    for at in range(height + 1):
        values = (str(cells[at].given) if at < len(cells) else "NULL" for _, cells in columns.values())
        rows.append(f"({at}, {', '.join(values)})")
    listed = ", ".join(f"`{name}`" for name in names)
    arena.sql(
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
        f"CREATE TABLE `{table}` ({ID} INT PRIMARY KEY, {types}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        f"INSERT INTO `{table}` ({ID}, {listed}) VALUES {', '.join(rows)}",
    )
    return arena.my(), {"table": table}
