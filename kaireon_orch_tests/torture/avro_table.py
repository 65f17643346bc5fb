"""Avro's torture table: its types and logical types, in a container that fastavro wrote."""

from __future__ import annotations

import io
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro

from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import DIGITS_38, DIGITS_76, LISTS, LONG, NOT_FINITE, TIMES, WEIRD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")
MY = off("mariadb")
FINE = off("postgresql", "mariadb", "delta_lake")
NAN, INF = float("nan"), float("inf")
SECONDS_9999 = 253402300799


def logical(kind: str, logic: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": logic, **more}


def unscaled(value: str, size: int | None = None) -> bytes:
    """A decimal's digits as Avro keeps them: a big-endian two's complement."""
    number = int(value.replace(".", ""))
    width = size or (number.bit_length() // 8 + 1)
    return number.to_bytes(width, "big", signed=True)


def digits(*values: str, size: int | None = None) -> tuple[Cell, ...]:
    return tuple(Cell(unscaled(value, size), Decimal(value)) for value in values)


CASES: tuple[Case, ...] = (
    case("boolean", "boolean", "bool", Cell(True), Cell(False)),
    case("int", "int", "int", Cell(-(2**31)), Cell(2**31 - 1)),
    case("long", "long", "int", Cell(-(2**63)), Cell(2**63 - 1)),
    case("float", "float", "float", Cell(0.10000000149011612), Cell(-0.0), Cell(3.4028234663852886e38), Cell(NAN, NAN, NOT_FINITE), Cell(INF, INF, NOT_FINITE)),
    case("double", "double", "float", Cell(0.1), Cell(-0.0), Cell(5e-324), Cell(NAN, NAN, NOT_FINITE), Cell(-INF, -INF, NOT_FINITE)),
    case("bytes", "bytes", "bytes", Cell(b""), Cell(b"\x00\xff'\\\xc3(")),
    case("string", "string", "text", Cell(""), Cell("NULL"), Cell(WEIRD), Cell(LONG), Cell("a\x00b", "a\x00b", PG)),
    case("enum", {"type": "enum", "name": "Colour", "symbols": ["red", "green"]}, "text", Cell("red"), Cell("green")),
    case("fixed", {"type": "fixed", "name": "Four", "size": 4}, "bytes", Cell(b"\x00\xff\xfe\x01")),
    case("dec12_2", logical("bytes", "decimal", precision=12, scale=2), "decimal", *digits("-9999999999.99", "1.10", "0.00")),
    case("dec38_10", logical("bytes", "decimal", precision=38, scale=10), "decimal", *digits(f"-{DIGITS_38[:28]}.{DIGITS_38[28:]}")),
    case("dec60_0", logical("bytes", "decimal", precision=60, scale=0), "decimal", *digits(DIGITS_76[:60]), not_in=off("delta_lake")),
    case("dec90_0", logical("bytes", "decimal", precision=90, scale=0), "bytes", Cell(unscaled("9" * 90))),
    case("fixed_dec", {"type": "fixed", "name": "Money", "size": 16, "logicalType": "decimal", "precision": 30, "scale": 2}, "decimal", *digits("-1234567890123456789012345678.90", size=16)),
    case("uuid", logical("string", "uuid"), "uuid", Cell(str(uuid.UUID(int=0))), Cell("12345678-1234-5678-1234-567812345678")),
    case("date", logical("int", "date"), "date", Cell(-719162, "0001-01-01"), Cell(2932896, "9999-12-31"), Cell(2932897, "10000-01-01", MY)),
    case("time_ms", logical("int", "time-millis"), "time", Cell(86_399_999, "23:59:59.999"), not_in=TIMES),
    case("time_us", logical("long", "time-micros"), "time", Cell(86_399_999_999, "23:59:59.999999"), not_in=TIMES),
    case("ts_ms", logical("long", "timestamp-millis"), "timestamptz", Cell(1_711_846_800_001, "2024-03-31T01:00:00.001Z"), Cell(-1, "1969-12-31T23:59:59.999Z", MY)),
    case("ts_us", logical("long", "timestamp-micros"), "timestamptz", Cell(1_000_000, "1970-01-01T00:00:01Z"), Cell(SECONDS_9999 * 10**6, "9999-12-31T23:59:59Z", MY)),
    case("ts_ns", logical("long", "timestamp-nanos"), "timestamptz", Cell(1_711_846_800_000_001_000, "2024-03-31T01:00:00.000001Z"), Cell(1_711_846_800_000_000_001, "2024-03-31T01:00:00.000000001Z", FINE | off("duckdb"))),
    case("local_us", logical("long", "local-timestamp-micros"), "timestamp", Cell(-1, "1969-12-31T23:59:59.999999")),
    case("local_ns", logical("long", "local-timestamp-nanos"), "timestamp", Cell(1000, "1970-01-01T00:00:00.000001"), Cell(1, "1970-01-01T00:00:00.000000001", FINE)),
    case("longs", {"type": "array", "items": ["null", "long"]}, "list:int", Cell([1, None, -(2**63)]), Cell([]), not_in=LISTS),
    case("strings", {"type": "array", "items": "string"}, "list:text", Cell(["", "é"]), not_in=LISTS),
    case("map", {"type": "map", "values": "long"}, "json", Cell({"a": 2**63 - 1}, '{"a":9223372036854775807}')),
    case("record", {"type": "record", "name": "Inner", "fields": [{"name": "a", "type": "double"}, {"name": "b", "type": ["null", "string"]}]}, "json", Cell({"a": 0.1, "b": 'é"'}, '{"a":0.1,"b":"é\\""}'), Cell({"a": NAN, "b": None}, '{"a":"NaN","b":null}')),
    case("arrays", {"type": "array", "items": {"type": "array", "items": "int"}}, "json", Cell([[1], []], "[[1],[]]")),
    case("union", ["long", "string"], "json", Cell(5, "5"), Cell("5", '"5"')),
    case("deep_decimal", {"type": "array", "items": {"type": "record", "name": "Price", "fields": [{"name": "p", "type": logical("bytes", "decimal", precision=38, scale=2)}]}}, "json", Cell([{"p": Decimal("123456789012345678901234567890123456.78")}], '[{"p":123456789012345678901234567890123456.78}]')),
)  # fmt: skip


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A container of these columns, a row for each cell; what to read."""
    path = arena.folder / f"{arena.name()}.avro"
    height = max(len(cells) for _, cells in columns.values()) + 1
    fields: list[dict[str, Any]] = [{"name": ID, "type": "int"}]
    for name, (each, _) in columns.items():
        type_ = each.type if isinstance(each.type, list) else [each.type]
        fields.append({"name": name, "type": ["null", *type_]})
    rows = [
        {
            ID: at,
            **{name: cells[at].given if at < len(cells) else None for name, (_, cells) in columns.items()},
        }
        for at in range(height)
    ]
    schema = fastavro.parse_schema({"type": "record", "name": "row", "namespace": "a.b", "fields": fields})
    held = io.BytesIO()
    fastavro.writer(held, schema, rows)
    path.write_bytes(held.getvalue())
    return connector("avro", {"path": str(path)}), {}
