"""PostgreSQL's torture table: its types and their edges."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kaireon_orch_tests.torture.cases import EVERY, ID, Cell, case, off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

NUMBERS = "123456789"
DIGITS_38 = (NUMBERS * 5)[:38]
DIGITS_76 = (NUMBERS * 9)[:76]
LONG = "ab'\"\\ " * 175_000
NOT_FINITE = off("mariadb")
EARLY = off("mariadb")
"""TIMESTAMP there begins in 1970 and ends in 2038; DATE and DATETIME have the years 0 to 9999."""

WEIRD = "é e\u0301 😀 \uffff \ud7ff a\r\nb\nc\rd\te \\ ' \" \x7f \u200d "
LISTS = off("mariadb")
TIMES = off("delta_lake")
"""No type for a time of day there."""


def sql_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def plain(*values: Any) -> tuple[Cell, ...]:
    """Values whose SQL is their own text in quotes."""
    return tuple(Cell(sql_text(str(value)), value) for value in values)


def texts(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(sql_text(value), value) for value in values)


def floats(*values: float) -> tuple[Cell, ...]:
    return tuple(Cell(f"'{value!r}'", value) for value in values)


def not_finite() -> tuple[Cell, ...]:
    return tuple(Cell(f"'{word}'", float(word), NOT_FINITE) for word in ("NaN", "inf", "-inf"))


def decimals(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(f"'{value}'", Decimal(value)) for value in values)


def refused(*literals: str) -> tuple[Cell, ...]:
    """What the source itself cannot hand over as it is."""
    return tuple(Cell(literal, not_in=EVERY) for literal in literals)


CASES: tuple[Case, ...] = (
    case("bool", "boolean", "bool", Cell("'t'", True), Cell("'f'", False)),
    case("int2", "smallint", "int", *plain(-(2**15), 2**15 - 1, 0)),
    case("int4", "integer", "int", *plain(-(2**31), 2**31 - 1, -1)),
    case("int8", "bigint", "int", *plain(-(2**63), 2**63 - 1, 2**53 + 1)),
    case("oid", "oid", "int", *plain(0, 2**32 - 1, 2**31)),
    case("float4", "real", "float", *floats(-0.0, 16777216.0, 3.4028234663852886e38, 1.401298464324817e-45, 0.10000000149011612), *not_finite()),
    case("float8", "double precision", "float", *floats(-0.0, 0.1, 9007199254740993.0, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308), *not_finite()),
    case("num1", "numeric(1,0)", "decimal", *decimals("-9", "0", "9")),
    case("num12_2", "numeric(12,2)", "decimal", *decimals("-9999999999.99", "1.10", "0.00", "0.01"), *refused("'NaN'")),
    case("num38_10", "numeric(38,10)", "decimal", *decimals(f"-{DIGITS_38[:28]}.{DIGITS_38[28:]}", "0.0000000001")),
    case("num38_38", "numeric(38,38)", "decimal", *decimals(f"-0.{DIGITS_38}"), not_in=frozenset()),
    case("num39_0", "numeric(39,0)", "decimal", *decimals(DIGITS_38 + "9", "-1")),
    case("num50_10", "numeric(50,10)", "decimal", *decimals(f"{DIGITS_76[:40]}.0123456789", "1.10")),
    case("num76_38", "numeric(76,38)", "decimal", *decimals(f"-{DIGITS_76[:38]}.{DIGITS_76[38:]}")),
    case("num90_45", "numeric(90,45)", "decimal", *decimals(f"{NUMBERS * 5}.{NUMBERS * 5}")),
    case("num_bare", "numeric", "text", *texts("1.10", "1.1", "NaN", "Infinity", "-Infinity", DIGITS_76 + DIGITS_76 + "." + DIGITS_76, "0.000", "-0.1")),
    case("num_negative", "numeric(5,-2)", "decimal", *decimals("-9999900", "100", "0")),
    case("num_3_5", "numeric(3,5)", "decimal", *decimals("0.00999", "-0.00001")),
    case("text", "text", "text", *texts("", "NULL", "null", "\\N", " ", " a ", WEIRD, LONG, "\ue000\U0010ffff")),
    case("varchar10", "varchar(10)", "text", *texts("", "0123456789", "😀😀😀😀😀😀😀😀😀😀", "a  ")),
    case("char5", "char(5)", "text", Cell("'ab'", "ab   "), Cell("' a'", " a   "), Cell("''", "     "), Cell("'😀'", "😀    ")),
    case("char_internal", '"char"', "text", *texts("a")),
    case("name", "name", "text", *texts("a name", "")),
    case("bytea", "bytea", "bytes", Cell("'\\x'", b""), Cell("'\\x00ff275c'", b"\x00\xff'\\"), Cell("'\\xc328fffe'", b"\xc3(\xff\xfe")),
    case("date", "date", "date", *texts("0001-01-01", "9999-12-31", "2024-02-29", "1970-01-01", "1582-10-10"),
        Cell("'5874897-12-31'", "5874897-12-31", off("mariadb")), Cell("'4714-11-24 BC'", "-4713-11-24", off("mariadb")),
        Cell("'0044-03-15 BC'", "-0043-03-15", off("mariadb")),
        *refused("'infinity'", "'-infinity'")),
    case("time", "time", "time", *texts("00:00:00", "23:59:59.999999", "12:34:56.5"), not_in=TIMES),
    case("time3", "time(3)", "time", *texts("23:59:59.999"), not_in=TIMES),
    case("time24", "time", "time", Cell("'24:00:00'", "24:00:00", off("parquet")), not_in=TIMES),
    case("timetz", "timetz", "text", *texts("23:59:59.999999+15:59", "00:00:00-03:30", "24:00:00+00")),
    case("timestamp", "timestamp", "timestamp", *(Cell(f"'{value}'", value) for value in ("1000-01-01T00:00:00", "9999-12-31T23:59:59.999999", "2024-02-29T12:00:00.000001", "1969-12-31T23:59:59.999999")),
        Cell("'0001-01-01 00:00:00'", "0001-01-01T00:00:00"), Cell("'10000-01-01 00:00:00'", "10000-01-01T00:00:00", off("mariadb")),
        Cell("'0001-12-31 23:59:59 BC'", "0000-12-31T23:59:59"),
        *refused("'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999'")),
    case("timestamptz", "timestamptz", "timestamptz", Cell("'2024-03-31 02:30:00 Europe/Berlin'", "2024-03-31T01:30:00Z"), Cell("'2024-10-27 02:30:00+02'", "2024-10-27T00:30:00Z"),
        Cell("'2024-10-27 02:30:00+01'", "2024-10-27T01:30:00Z"), Cell("'1999-12-31 23:59:59.999999-12'", "2000-01-01T11:59:59.999999Z"),
        Cell("'0001-01-01 00:00:00+00'", "0001-01-01T00:00:00Z", EARLY), Cell("'9999-12-31 23:59:59.999999+00'", "9999-12-31T23:59:59.999999Z", EARLY),
        Cell("'1970-01-01 00:00:00+00'", "1970-01-01T00:00:00Z", EARLY), Cell("'2038-01-19 03:14:08+00'", "2038-01-19T03:14:08Z", EARLY), *refused("'infinity'", "'-infinity'")),
    case("interval", "interval", "text", *texts("1 year 2 mons -3 days +04:05:06.000007", "-00:00:00.000001", "00:00:00", "1000 years", "100 days 25:00:00")),
    case("uuid", "uuid", "uuid", *texts("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff", "12345678-1234-5678-1234-567812345678")),
    case("json", "json", "text", *texts('{"a":1,"a":2}', ' {"b": 1.10,  "big": 123456789012345678901234567890} ', "null", '"x"', '"\\u0000"', "1E400")),
    case("jsonb", "jsonb", "json", Cell("'{\"b\":1.10,\"a\":[1,null,\"é😀\"]}'", '{"a": [1, null, "é😀"], "b": 1.10}'), Cell("'null'", "null"), Cell("'123456789012345678901234567890'", "123456789012345678901234567890"), Cell("'\"\"'", '""')),
    case("enum", "mood", "text", *texts("sad", "ok'ay", "é😀")),
    case("domain_int", "small_positive", "int", *plain(1, 2**31 - 1)),
    case("domain_text", "short_text", "text", *texts("", "abcde")),
    case("domain_numeric", "money_like", "decimal", *decimals("1.10")),
    case("money", "money", "text", *texts("-$92,233,720,368,547,758.08", "$1.10")),
    case("inet", "inet", "text", *texts("192.168.0.1/24", "::1/128", "10.0.0.1/32")),
    case("cidr", "cidr", "text", *texts("192.168.0.0/24")),
    case("macaddr", "macaddr", "text", *texts("08:00:2b:01:02:03")),
    case("macaddr8", "macaddr8", "text", *texts("08:00:2b:01:02:03:04:05")),
    case("xml", "xml", "text", *texts("<a>é</a>", "")),
    case("bit5", "bit(5)", "text", *texts("10101")),
    case("varbit", "bit varying", "text", *texts("", "1")),
    case("point", "point", "text", *texts("(1.5,-2)")),
    case("box", "box", "text", *texts("(3,4),(1,2)")),
    case("polygon", "polygon", "text", *texts("((0,0),(1,1),(1,0))")),
    case("tsvector", "tsvector", "text", *texts("'a':1 'b':2")),
    case("tsquery", "tsquery", "text", *texts("'a' & 'b'")),
    case("pg_lsn", "pg_lsn", "text", *texts("16/B374D848")),
    case("int4range", "int4range", "text", *texts("[1,5)", "empty", "(,)")),
    case("numrange", "numrange", "text", *texts("(1.10,2.20]")),
    case("tstzrange", "tstzrange", "text", *texts('["2024-01-01 00:00:00+00","2024-02-01 00:00:00+00")')),
    case("int4multirange", "int4multirange", "text", *texts("{[1,3),[5,7)}")),
    case("composite", "pair", "text", *texts('(1,"a,b")', "(,)")),
    case("ints", "int[]", "list:int", Cell("'{1,NULL,-2147483648}'", [1, None, -(2**31)]), Cell("'{}'", []), *refused("'{{1,2},{3,4}}'", "'[0:1]={1,2}'"), not_in=LISTS),
    case("texts", "text[]", "list:text", Cell("'{\"\",NULL,\"NULL\",\"a,b\",\"é😀\"}'", ["", None, "NULL", "a,b", "é😀"]), not_in=LISTS),
    case("floats", "float8[]", "list:float", Cell("'{0.1,NULL,-0}'", [0.1, None, -0.0]), Cell("'{NaN,Infinity}'", [float("nan"), float("inf")]), not_in=LISTS),
    case("bools", "bool[]", "list:bool", Cell("'{t,f,NULL}'", [True, False, None]), not_in=LISTS),
    case("dates", "date[]", "list:date", Cell("'{0001-01-01,9999-12-31}'", ["0001-01-01", "9999-12-31"]), *refused("'{infinity}'"), not_in=LISTS),
    case("moments", "timestamp[]", "list:timestamp", Cell("'{2024-02-29 01:02:03.000004}'", ["2024-02-29T01:02:03.000004"]), *refused("'{2024-01-01,-infinity}'"), not_in=LISTS),
    case("blobs", "bytea[]", "list:bytes", Cell("'{\"\\\\x00ff\"}'", [b"\x00\xff"]), not_in=LISTS),
    case("numerics", "numeric[]", "text", *texts("{1.10,NULL,NaN}", "{{1},{2}}", "[0:1]={1,2}")),
    case("numerics_2", "numeric(12,2)[]", "text", *texts("{1.10,NULL}")),
    case("zoned", "timestamptz[]", "text", Cell("'{\"2024-01-01 00:00:00+00\",infinity}'", '{"2024-01-01 00:00:00+00",infinity}')),
    case("uuids", "uuid[]", "text", *texts("{12345678-1234-5678-1234-567812345678}")),
    case("jsons", "jsonb[]", "text", Cell("'{\"{\\\"a\\\": 1}\"}'", '{"{\\"a\\": 1}"}')),
    case("moods", "mood[]", "text", *texts("{sad,é😀}")),
    case("chars", "char(3)[]", "text", Cell("'{\"a  \",abc}'", '{"a  ",abc}')),
)  # fmt: skip


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A table of these columns, a row for each cell; what to read."""
    table = arena.name()
    types = ", ".join(f'"{name}" {each.type}' for name, (each, _) in columns.items())
    arena.execute(f'CREATE TABLE "{table}" ({ID} int, {types})')
    height = max(len(cells) for _, cells in columns.values())
    rows = []
    for at in range(height + 1):
        values = (
            f"{cells[at].given}::{each.type}" if at < len(cells) else "NULL"
            for each, cells in columns.values()
        )
        rows.append(f"({at}, {', '.join(values)})")
    arena.execute(f'INSERT INTO "{table}" VALUES {", ".join(rows)}')
    return arena.postgresql(), {"table": table}
