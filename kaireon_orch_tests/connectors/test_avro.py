"""Avro containers: every type and logical type value by value, all codecs, and what is no container."""

from __future__ import annotations

import datetime as dt
import io
import uuid
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.movement.memory import measured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kaireon_orch_tests.movement.ends import Ends

UTC = dt.UTC


def logical(kind: str, logic: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": logic, **more}


def packed(types: dict[str, Any], rows: Iterable[dict[str, Any]], codec: str = "null") -> bytes:
    held = io.BytesIO()
    fields = [{"name": name, "type": type_} for name, type_ in types.items()]
    schema = fastavro.parse_schema({"type": "record", "name": "row", "namespace": "a.b", "fields": fields})
    fastavro.writer(held, schema, rows, codec=codec)
    return held.getvalue()


def given(ends: Ends, content: bytes, name: str = "x.avro") -> dict[str, Any]:
    (ends.folder / name).write_bytes(content)
    return connector("avro", {"path": str(ends.folder / name)})


ENUM = {"type": "enum", "name": "Colour", "symbols": ["red", "green"]}
FIXED = {"type": "fixed", "name": "Four", "size": 4}
MONEY = {"type": "fixed", "name": "Money", "size": 16, "logicalType": "decimal", "precision": 30, "scale": 2}


@pytest.mark.parametrize(
    ("type_", "values", "arrow", "found"),
    [
        ("boolean", [True, False], "bool", [True, False]),
        ("int", [-(2**31), 2**31 - 1], "int32", [-(2**31), 2**31 - 1]),
        (["null", "long"], [2**63 - 1, None], "int64", [2**63 - 1, None]),
        (["long", "null"], [None, -(2**63)], "int64", [None, -(2**63)]),
        ("float", [1.5, float("inf")], "float", [1.5, float("inf")]),
        ("double", [0.1, -1e300], "double", [0.1, -1e300]),
        ("bytes", [b"", b"\x00\xff"], "binary", [b"", b"\x00\xff"]),
        ("string", ["", "é😀\0"], "string", ["", "é😀\0"]),
        (ENUM, ["red"], "string", ["red"]),
        (FIXED, [b"abcd"], "fixed_size_binary[4]", [b"abcd"]),
        (
            ["null", logical("bytes", "decimal", precision=38, scale=10)],
            [Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.0000000001"), None],
            "decimal128(38, 10)",
            [Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.0000000001"), None],
        ),
        (
            logical("bytes", "decimal", precision=60, scale=0),
            [Decimal("9" * 60)],
            "decimal256(60, 0)",
            [Decimal("9" * 60)],
        ),
        (
            MONEY,
            [Decimal("-12345678901234567890123456.78")],
            "decimal128(30, 2)",
            [Decimal("-12345678901234567890123456.78")],
        ),
        (logical("int", "date"), [dt.date(1, 1, 1)], "date32[day]", [dt.date(1, 1, 1)]),
        (
            logical("int", "time-millis"),
            [dt.time(23, 59, 59, 999000)],
            "time32[ms]",
            [dt.time(23, 59, 59, 999000)],
        ),
        (logical("long", "time-micros"), [dt.time(1, 2, 3, 4)], "time64[us]", [dt.time(1, 2, 3, 4)]),
        (
            logical("long", "timestamp-micros"),
            [dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)],
            "timestamp[us, tz=UTC]",
            [dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)],
        ),
        (
            logical("long", "timestamp-millis"),
            [dt.datetime(1, 1, 1, tzinfo=UTC)],
            "timestamp[ms, tz=UTC]",
            [dt.datetime(1, 1, 1, tzinfo=UTC)],
        ),
        (
            logical("long", "local-timestamp-micros"),
            [dt.datetime(2020, 1, 1)],  # noqa: DTZ001  local on purpose
            "timestamp[us]",
            [dt.datetime(2020, 1, 1)],  # noqa: DTZ001  the same
        ),
        (logical("string", "uuid"), [uuid.UUID(int=5)], "extension<arrow.uuid>", [uuid.UUID(int=5)]),
        (
            ["null", {"type": "array", "items": ["null", "long"]}],
            [[1, None], [], None],
            "list<item: int64>",
            [[1, None], [], None],
        ),
        ({"type": "map", "values": "double"}, [{"k": 0.5}], "extension<arrow.json>", ['{"k":0.5}']),
        (["null", "long", "string"], [7, "7", None], "extension<arrow.json>", ["7", '"7"', None]),
        (
            {
                "type": "record",
                "name": "Tree",
                "fields": [
                    {"name": "v", "type": logical("bytes", "decimal", precision=4, scale=2)},
                    {"name": "at", "type": logical("int", "date")},
                    {"name": "sub", "type": ["null", "Tree"]},
                ],
            },
            [{"v": Decimal("1.10"), "at": dt.date(2020, 1, 1), "sub": None}],
            "extension<arrow.json>",
            ['{"v":1.10,"at":"2020-01-01","sub":null}'],
        ),
    ],
)
def test_each_type_is_kept(ends: Ends, type_: Any, values: list[Any], arrow: str, found: list[Any]) -> None:
    table = ends.table(given(ends, packed({"c": type_}, [{"c": value} for value in values])))
    assert (str(table.schema.field("c").type), table.column("c").to_pylist()) == (arrow, found)


def test_named_types_are_known_where_they_are_named_again(ends: Ends) -> None:
    types = {
        "a": ENUM,
        "b": ["null", "Colour"],
        "m": MONEY,
        "r": {"type": "array", "items": {"type": "map", "values": "Money"}},
    }
    row = {"a": "red", "b": "green", "m": Decimal("1.10"), "r": [{"k": Decimal("2.20")}]}
    assert ends.rows(given(ends, packed(types, [row]))) == [{**row, "r": '[{"k":2.20}]'}]


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_codecs(ends: Ends, codec: str) -> None:
    of = given(ends, packed({"id": "long"}, ({"id": at} for at in range(20_000)), codec))
    assert [row["id"] for row in ends.rows(of)] == list(range(20_000))
    assert len(ends.rows(of, row_limit=5)) == 5
    assert ends.checks(of)[-1].figures == {"rows": 20_000}


def bomb() -> bytes:
    """A block of 300 MiB of zeros in 300 KB."""
    content = bytearray(packed({"c": "bytes"}, [], "deflate"))
    packer = zlib.compressobj(9, wbits=-15)
    block = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(300)), packer.flush()])
    return bytes(content) + varint(1) + varint(len(block)) + block + bytes(content[-16:])


def varint(value: int) -> bytes:
    held = io.BytesIO()
    fastavro.schemaless_writer(held, "long", value)
    return held.getvalue()


WHOLE = packed({"id": "long", "s": "string"}, ({"id": at, "s": "x" * 50} for at in range(2_000)), "deflate")


@pytest.mark.parametrize(
    "content", [b"", b"Obj\x01", b"junk" * 50, WHOLE[:-100], WHOLE[:200] + b"\xff" * 40 + WHOLE[240:], bomb()]
)
def test_what_is_no_container_is_bad_data(ends: Ends, content: bytes) -> None:
    with pytest.raises(Fault) as caught:
        ends.checks(given(ends, content))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_files_of_a_pattern_are_merged_by_name(ends: Ends) -> None:
    given(ends, packed({"a": "int", "b": "string"}, [{"a": 1, "b": "x"}]), "1.avro")
    given(ends, packed({"a": "long"}, [{"a": 2**40}]), "2.avro")
    of = connector("avro", {"path": f"{ends.folder}/*.avro"})
    assert ends.rows(of) == [{"a": 1, "b": "x"}, {"a": 2**40, "b": None}]
    given(ends, packed({"a": "string"}, [{"a": "x"}]), "3.avro")
    with pytest.raises(Fault, match="column 'a' of 3 is string"):
        ends.rows(of)


def test_no_rows(ends: Ends) -> None:
    table = ends.table(given(ends, packed({"a": "int"}, [])))
    assert (table.num_rows, table.schema.names) == (0, ["a"])


def test_values_reach_both_databases_as_they_are(ends: Ends) -> None:
    types = {
        "id": "long",
        "m": ["null", logical("bytes", "decimal", precision=20, scale=4)],
        "t": logical("long", "timestamp-micros"),
        "d": logical("int", "date"),
        "u": logical("string", "uuid"),
        "b": "bytes",
    }
    rows = [
        {
            "id": at,
            "m": None if at else Decimal("1234567890123456.7891"),
            "t": dt.datetime(2020, 1, 1, 0, 0, 0, at, UTC),
            "d": dt.date(1900, 1, 1),
            "u": uuid.UUID(int=at),
            "b": bytes([at]),
        }
        for at in range(3)
    ]
    of = given(ends, packed(types, rows, "deflate"))
    wanted = [tuple(row.values()) for row in rows]
    assert ends.run_child(of, ends.duckdb(), schema="main")["rowsLoaded"] == 3
    assert ends.run(of, ends.postgresql())["rowsLoaded"] == 3
    assert ends.in_duckdb("SELECT * FROM t ORDER BY id") == wanted
    assert ends.in_postgres("SELECT * FROM t ORDER BY id") == wanted


def test_large_records_go_in_small_batches(ends: Ends) -> None:
    """800 records of a megabyte, packed to nearly nothing: what is at work at one time is a part of them."""
    rows = ({"v": f"{number}" + "y" * 1_000_000} for number in range(800))
    of = given(ends, packed({"v": "string"}, rows, "deflate"))
    target = connector("parquet", {"path": str(ends.folder / "lake")})
    ended, kib = measured(ends, of, target, "large")
    assert ended == "800"
    assert kib < 600 << 10


def test_a_value_that_is_none_of_its_type_is_named(ends: Ends) -> None:
    rows = [{"u": str(uuid.UUID(int=1))}, {"u": "nonsense"}]
    with pytest.raises(Fault, match="'u', row 2: 'nonsense' is no string"):
        ends.table(given(ends, packed({"u": logical("string", "uuid")}, rows)))
