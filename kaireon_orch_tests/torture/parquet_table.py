"""Parquet's torture table: Arrow's types and their edges, in a file that pyarrow wrote."""

from __future__ import annotations

import decimal
import math
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import DIGITS_38, DIGITS_76, LISTS, LONG, NOT_FINITE, TIMES, WEIRD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")
MY = off("mariadb")
MICRO = off("postgresql", "mariadb", "delta_lake")
ONLY_PARQUET = off("postgresql", "duckdb", "mariadb", "delta_lake")
WIDE_DECIMAL = off("delta_lake")


def numbers(*values: float) -> tuple[Cell, ...]:
    return tuple(Cell(value, value, off() if math.isfinite(value) else NOT_FINITE) for value in values)


def decimals(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(Decimal(value), Decimal(value)) for value in values)


def ticks(type_: pa.DataType, *values: tuple[Any, ...]) -> tuple[Cell, ...]:
    """Integers of the type's own unit, with their meaning and who refuses them."""
    return tuple(Cell(Tick(value), means, *rest) for value, means, *rest in values)


class Tick(int):
    """A moment as the integer that is stored."""


def texts(*values: str) -> tuple[Cell, ...]:
    return tuple(Cell(value) for value in values)


def ints(type_: pa.DataType) -> tuple[Cell, ...]:
    bits = type_.bit_width
    if pa.types.is_unsigned_integer(type_):
        return Cell(0), Cell(2**bits - 1), Cell(2 ** (bits - 1))
    return Cell(-(2 ** (bits - 1))), Cell(2 ** (bits - 1) - 1), Cell(0)


NAN, INF = float("nan"), float("inf")
SECONDS_9999 = 253402300799

CASES: tuple[Case, ...] = (
    case("bool", pa.bool_(), "bool", Cell(True), Cell(False)),
    *(case(str(type_), type_, "int", *ints(type_)) for type_ in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())),
    case("float16", pa.float16(), "float", *numbers(65504.0, -0.0, 5.960464477539063e-08, NAN, INF)),
    case("float32", pa.float32(), "float", *numbers(3.4028234663852886e38, 1.401298464324817e-45, -0.0, 0.10000000149011612, NAN, INF, -INF)),
    case("float64", pa.float64(), "float", *numbers(1.7976931348623157e308, 5e-324, -0.0, 0.1, NAN, INF, -INF)),
    case("dec5_2", pa.decimal128(5, 2), "decimal", *decimals("-999.99", "1.10")),
    case("dec38_0", pa.decimal128(38, 0), "decimal", *decimals(f"-{DIGITS_38}")),
    case("dec38_38", pa.decimal128(38, 38), "decimal", *decimals(f"0.{DIGITS_38}")),
    case("dec50_10", pa.decimal256(50, 10), "decimal", *decimals(f"{DIGITS_76[:40]}.{DIGITS_76[:10]}"), not_in=WIDE_DECIMAL),
    case("dec76_38", pa.decimal256(76, 38), "decimal", *decimals(f"-{DIGITS_76[:38]}.{DIGITS_76[38:]}"), not_in=WIDE_DECIMAL),
    case("dec76_0", pa.decimal256(76, 0), "decimal", *decimals(DIGITS_76), not_in=WIDE_DECIMAL),
    case("dec256_small", pa.decimal256(20, 2), "decimal", *decimals("1.10")),
    case("string", pa.string(), "text", *texts("", "NULL", WEIRD, LONG), Cell("a\x00b", "a\x00b", PG)),
    case("large_string", pa.large_string(), "text", *texts("", WEIRD)),
    case("string_view", pa.string_view(), "text", *texts("", WEIRD, "longer than twelve bytes")),
    case("dictionary", pa.dictionary(pa.int8(), pa.string()), "text", *texts("a", "b", "a")),
    case("dictionary_int", pa.dictionary(pa.int8(), pa.int64()), "int", Cell(5), Cell(2**63 - 1)),
    case("binary", pa.binary(), "bytes", Cell(b""), Cell(b"\x00\xff'\\\xc3(")),
    case("large_binary", pa.large_binary(), "bytes", Cell(b"\x00\xff")),
    case("binary_view", pa.binary_view(), "bytes", Cell(b"\x00\xff longer than twelve")),
    case("fixed", pa.binary(4), "bytes", Cell(b"\x00\xff\xfe\x01")),
    case("date32", pa.date32(), "date", *ticks(pa.date32(), (-719162, "0001-01-01"), (2932896, "9999-12-31"), (-719163, "0000-12-31"), (2932897, "10000-01-01", MY),
        (2**31 - 1, "5881580-07-11", off("postgresql", "mariadb", "duckdb")), (-(2**31), "-5877641-06-23", off("postgresql", "mariadb", "duckdb")))),
    case("date64", pa.date64(), "date", *ticks(pa.date64(), (0, "1970-01-01"), (86_400_000, "1970-01-02"))),
    case("time32s", pa.time32("s"), "time", *ticks(pa.time32("s"), (86399, "23:59:59"), (0, "00:00:00")), not_in=TIMES),
    case("time32ms", pa.time32("ms"), "time", *ticks(pa.time32("ms"), (86_399_999, "23:59:59.999")), not_in=TIMES),
    case("time64us", pa.time64("us"), "time", *ticks(pa.time64("us"), (86_399_999_999, "23:59:59.999999")), not_in=TIMES),
    case("time64ns", pa.time64("ns"), "time", *ticks(pa.time64("ns"), (1000, "00:00:00.000001"), (86_399_999_999_999, "23:59:59.999999999", MICRO | off("duckdb"))), not_in=TIMES),
    case("ts_s", pa.timestamp("s"), "timestamp", *ticks(pa.timestamp("s"), (0, "1970-01-01T00:00:00"), (SECONDS_9999, "9999-12-31T23:59:59"), (-62135596800, "0001-01-01T00:00:00"))),
    case("ts_ms", pa.timestamp("ms"), "timestamp", *ticks(pa.timestamp("ms"), (-1, "1969-12-31T23:59:59.999"), (SECONDS_9999 * 1000, "9999-12-31T23:59:59"))),
    case("ts_us", pa.timestamp("us"), "timestamp", *ticks(pa.timestamp("us"), (-1, "1969-12-31T23:59:59.999999"), (SECONDS_9999 * 10**6 + 999_999, "9999-12-31T23:59:59.999999"))),
    case("ts_us_max", pa.timestamp("us"), "timestamp", *ticks(pa.timestamp("us"), (2**63 - 1, "294247-01-10T04:00:54.775807", off("duckdb", "mariadb")), (2**63 - 2, "294247-01-10T04:00:54.775806", MY), (-(2**63), "-290308-12-21T19:59:05.224192", off("postgresql", "duckdb", "mariadb")))),
    case("ts_ns", pa.timestamp("ns"), "timestamp", *ticks(pa.timestamp("ns"), (1000, "1970-01-01T00:00:00.000001"), (1, "1970-01-01T00:00:00.000000001", MICRO), (2**63 - 1, "2262-04-11T23:47:16.854775807", off("postgresql", "mariadb", "delta_lake", "duckdb")))),
    case("ts_us_utc", pa.timestamp("us", "UTC"), "timestamptz", *ticks(pa.timestamp("us"), (1_000_000, "1970-01-01T00:00:01Z"), (SECONDS_9999 * 10**6, "9999-12-31T23:59:59Z", MY))),
    case("ts_us_zone", pa.timestamp("us", "Europe/Berlin"), "timestamptz", *ticks(pa.timestamp("us"), (1_711_846_800_000_000, "2024-03-31T01:00:00Z"))),
    case("ts_ns_utc", pa.timestamp("ns", "UTC"), "timestamptz", *ticks(pa.timestamp("ns"), (1_711_846_800_000_001_000, "2024-03-31T01:00:00.000001Z"), (1_711_846_800_000_000_001, "2024-03-31T01:00:00.000000001Z", off("postgresql", "mariadb", "delta_lake", "duckdb")))),
    case("duration", pa.duration("us"), "int", *ticks(pa.duration("us"), (-1, -1), (2**62, 2**62)), not_in=ONLY_PARQUET),
    case("null", pa.null(), "text"),
    case("uuid", pa.uuid(), "uuid", Cell(uuid.UUID(int=0).bytes, str(uuid.UUID(int=0))), Cell(uuid.UUID(int=2**128 - 1).bytes, str(uuid.UUID(int=2**128 - 1)))),
    case("json", pa.json_(), "json", *texts('{"b": 1.10, "a": 123456789012345678901234567890}', "null"), Cell('{"a":1,"a":2}', '{"a":1,"a":2}', PG), Cell("no json", "no json", off("postgresql", "mariadb"))),
    case("ints", pa.list_(pa.int64()), "list:int", Cell([1, None, -(2**63)]), Cell([]), not_in=LISTS),
    case("large_list", pa.large_list(pa.string()), "list:text", Cell(["", None, "é"]), not_in=LISTS),
    case("fixed_list", pa.list_(pa.int32(), 2), "list:int", Cell([1, 2]), Cell([3, None]), not_in=LISTS),
    case("uint8s", pa.list_(pa.uint8()), "list:int", Cell([255]), not_in=LISTS),
    case("uint64s", pa.list_(pa.uint64()), "list:int", Cell([2**64 - 1]), not_in=LISTS),
    case("decimals", pa.list_(pa.decimal128(12, 2)), "list:decimal", Cell([Decimal("1.10")], [Decimal("1.10")]), not_in=LISTS),
    case("floats", pa.list_(pa.float32()), "list:float", Cell([0.5, NAN, -0.0]), not_in=LISTS),
    case("struct", pa.struct([("a", pa.int64()), ("b", pa.string())]), "json", Cell({"a": 2**63 - 1, "b": 'é"\\'}, '{"a":9223372036854775807,"b":"é\\"\\\\"}'), Cell({"a": None, "b": ""}, '{"a":null,"b":""}')),
    case("struct_deep", pa.struct([("l", pa.list_(pa.struct([("d", pa.decimal128(38, 2))]))), ("f", pa.float64())]), "json", Cell({"l": [{"d": Decimal("1.10")}, None], "f": NAN}, '{"l":[{"d":1.10},null],"f":"NaN"}')),
    case("map", pa.map_(pa.string(), pa.int64()), "json", Cell([("a", 1), ("b", None)], '{"a":1,"b":null}'), Cell([("a", 1), ("a", 2)], '{"a":1,"a":2}', PG)),
    case("map_int", pa.map_(pa.int32(), pa.string()), "json", Cell([(1, "x")], '[[1,"x"]]')),
    case("lists", pa.list_(pa.list_(pa.int64())), "json", Cell([[1], None, []], "[[1],null,[]]")),
)  # fmt: skip


def array(each: Case, cells: Sequence[Cell], height: int) -> pa.Array:
    """The cells as the case's type, NULL below them."""
    values = [cell.given for cell in cells] + [None] * (height - len(cells))
    if pa.types.is_null(each.type):
        return pa.nulls(height)
    if isinstance(each.type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(each.type, pa.array(values, each.type.storage_type))
    if any(isinstance(value, Tick) for value in values):
        integers = pa.int32() if each.type.bit_width == 32 else pa.int64()
        return pa.array([None if value is None else int(value) for value in values], integers).view(each.type)
    if pa.types.is_dictionary(each.type):
        return pa.array(values, each.type.value_type).dictionary_encode().cast(each.type)
    if pa.types.is_float16(each.type):
        return pa.array(values, pa.float32()).cast(pa.float16())
    with decimal.localcontext(prec=80):
        return pa.array(values, each.type)


def made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file of these columns, a row for each cell; what to read."""
    path = arena.folder / f"{arena.name()}.parquet"
    height = max(len(cells) for _, cells in columns.values()) + 1
    arrays = {name: array(each, cells, height) for name, (each, cells) in columns.items()}
    pq.write_table(pa.table({ID: pa.array(range(height)), **arrays}), path)
    return connector("parquet", {"path": str(path)}), {}
