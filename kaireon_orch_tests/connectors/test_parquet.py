"""Parquet files: every type value by value, old moments, partitions, merged files, bombs, and what is no Parquet."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import uuid
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.movement.memory import measured

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

UTC = dt.UTC


def given(ends: Ends, table: pa.Table, name: str = "x.parquet", **config: Any) -> dict[str, Any]:
    path = ends.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return connector("parquet", {"path": str(path), **config})


KEPT = [
    pa.array([0, None, 2**64 - 1], pa.uint64()),
    pa.array([-128, None, 127], pa.int8()),
    pa.array([1.5, None, float("inf")], pa.float32()),
    pa.array([Decimal("-0.01"), None], pa.decimal128(38, 2)),
    pa.array([Decimal("9" * 70), None], pa.decimal256(76, 0)),
    pa.array(["", None, "é😀\0"], pa.string()),
    pa.array(["x" * 100, None], pa.large_string()),
    pa.array([b"", None, b"\xff"], pa.binary()),
    pa.array([b"abcd", None], pa.binary(4)),
    pa.array([-719162, None, 2932896], pa.date32()),
    pa.array([86_399_999, None], pa.time32("ms")),
    pa.array([86_399_999_999, None], pa.time64("us")),
    pa.array([-62135596800000000, None, 253402300799999999], pa.timestamp("us")),
    pa.array([0, None], pa.timestamp("ms", "UTC")),
    pa.array([1, None, 2**62], pa.timestamp("ns")),
    pa.array(['{"x": 1.10}', None], pa.json_()),
    pa.array([uuid.UUID(int=1).bytes, None], pa.uuid()),
    pa.array([[1, None], None, []], pa.list_(pa.int64())),
    pa.nulls(2),
]


@pytest.mark.parametrize("values", KEPT, ids=lambda values: str(values.type))
def test_each_type_is_kept(ends: Ends, values: pa.Array) -> None:
    table = ends.table(given(ends, pa.table({"c": values})))
    found = table.column("c").combine_chunks()
    assert found.type == values.type or pa.types.is_list(found.type)
    assert found.cast(values.type).equals(values)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (
            pa.array([{"d": Decimal("1.10"), "t": ["a", None]}, None]),
            ['{"d":1.10,"t":["a",null]}', None],
        ),
        (pa.array([[("k", 1.5)], []], pa.map_(pa.string(), pa.float64())), ['{"k":1.5}', "{}"]),
        (pa.array([[(1, b"x")]], pa.map_(pa.int32(), pa.binary())), ['[[1,"eA=="]]']),
        (pa.array([[[1], None], None]), ["[[1],null]", None]),
        (
            pa.array([{"at": dt.datetime(2020, 1, 1, tzinfo=UTC), "f": float("nan")}]),
            ['{"at":"2020-01-01T00:00:00.000000Z","f":"NaN"}'],
        ),
        (pa.array([{"a": 2**63 - 1}, {"a": None}]), ['{"a":9223372036854775807}', '{"a":null}']),
    ],
)
def test_nested_values_become_json(ends: Ends, values: pa.Array, texts: list[str | None]) -> None:
    table = ends.table(given(ends, pa.table({"c": values})))
    assert isinstance(table.schema.field("c").type, pa.JsonType)
    assert table.column("c").to_pylist() == texts


def test_dictionaries_are_written_out(ends: Ends) -> None:
    table = ends.table(given(ends, pa.table({"c": pa.array(["x", None, "x"]).dictionary_encode()})))
    assert (str(table.schema.field("c").type), table.column("c").to_pylist()) == ("string", ["x", None, "x"])


def old(ends: Ends, values: pa.Array) -> dict[str, Any]:
    path = ends.folder / "old.parquet"
    pq.write_table(pa.table({"t": values}), path, use_deprecated_int96_timestamps=True)
    return connector("parquet", {"path": str(path)})


def test_old_moments_beyond_nanoseconds_are_kept(ends: Ends) -> None:
    values = pa.array(
        [-62135596800000000, 253402214400000000, 1_600_000_000_000_005, None], pa.timestamp("us")
    )
    assert ends.table(old(ends, values)).column("t").combine_chunks().equals(values)


def test_old_moments_finer_than_microseconds_are_refused(ends: Ends) -> None:
    with pytest.raises(Fault, match="'t', row 2") as caught:
        ends.rows(old(ends, pa.array([1000, 1_600_000_000_000_000_005], pa.timestamp("ns"))))
    assert caught.value.fault is FaultCode.TYPE_LOSSY


def test_partition_folders_are_columns(ends: Ends) -> None:
    given(ends, pa.table({"a": [1]}), "t/year=2024/kind=x%20y/1.parquet")
    given(ends, pa.table({"a": [2]}), "t/year=2025/kind=__HIVE_DEFAULT_PARTITION__/2.parquet")
    of = connector("parquet", {"path": f"{ends.folder}/t/**/*.parquet"})
    assert ends.rows(of) == [{"a": 1, "year": 2024, "kind": "x y"}, {"a": 2, "year": 2025, "kind": None}]
    of["config"]["hivePartitions"] = False
    assert ends.rows(of) == [{"a": 1}, {"a": 2}]


def test_files_are_merged_by_name_and_widened(ends: Ends) -> None:
    given(ends, pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]}), "t/1.parquet")
    given(ends, pa.table({"c": [0.5], "a": pa.array([2**40])}), "t/2.parquet")
    of = connector("parquet", {"path": f"{ends.folder}/t/*.parquet"})
    assert ends.rows(of) == [{"a": 1, "b": "x", "c": None}, {"a": 2**40, "b": None, "c": 0.5}]
    assert ends.checks(of)[-1].figures == {"rows": 2}
    given(ends, pa.table({"a": ["x"]}), "t/3.parquet")
    with pytest.raises(Fault, match="column 'a' of 3 is string") as caught:
        ends.rows(of)
    assert caught.value.fault is FaultCode.BAD_DATA


def test_columns_are_chosen_and_rows_limited(ends: Ends) -> None:
    of = given(ends, pa.table({"a": range(100_000), "b": range(100_000)}), columns=["b"])
    assert ends.rows(of, row_limit=2) == [{"b": 0}, {"b": 1}]
    of["config"]["columns"] = ["z"]
    with pytest.raises(Fault, match="no column 'z'"):
        ends.rows(of)


def test_no_rows_and_three_hundred_columns(ends: Ends) -> None:
    table = ends.table(given(ends, pa.table({f"c{at}": pa.array([], pa.int64()) for at in range(300)})))
    assert (table.num_rows, table.num_columns) == (0, 300)


def test_packed_files_are_unpacked_first(ends: Ends) -> None:
    held, zipped = io.BytesIO(), io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), held)
    (ends.folder / "x.gz").write_bytes(gzip.compress(held.getvalue()))
    assert ends.rows(connector("parquet", {"path": str(ends.folder / "x.gz")})) == [{"a": 1}]
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("one.parquet", held.getvalue())
        file.writestr("two.parquet", held.getvalue())
    (ends.folder / "x.zip").write_bytes(zipped.getvalue())
    assert ends.rows(connector("parquet", {"path": str(ends.folder / "x.zip")}), member="two.parquet") == [
        {"a": 1}
    ]


def damaged() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"a": [str(at) for at in range(10_000)]}), held)
    content = bytearray(held.getvalue())
    content[40:3000] = b"\xff" * 2960
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", damaged()])
def test_what_is_no_parquet_is_bad_data(ends: Ends, content: bytes) -> None:
    (ends.folder / "x.parquet").write_bytes(content)
    with pytest.raises(Fault) as caught:
        ends.checks(connector("parquet", {"path": str(ends.folder / "x.parquet")}))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_file_that_swells_is_cut_off_in_little_memory(ends: Ends) -> None:
    """20,000,000 times one long text in a few kilobytes."""
    path = ends.folder / "bomb.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), pa.array(["y" * 100_000]))
    pq.write_table(pa.table({"c": texts}), path, compression="zstd")
    assert path.stat().st_size < 200_000
    of = connector("parquet", {"path": str(path)})
    ended, kib = measured(ends, of, ends.duckdb(), "bomb", schema="main")
    assert ended == FaultCode.BAD_DATA
    assert kib < 900_000


def test_values_reach_both_databases_as_they_are(ends: Ends) -> None:
    columns = {
        "id": pa.array([1, 2]),
        "dec": pa.array([Decimal("1234567890.12"), None], pa.decimal128(20, 2)),
        "at": pa.array([0, None], pa.timestamp("us", "UTC")),
        "day": pa.array([dt.date(1900, 1, 1), None]),
        "f": pa.array([0.1, None]),
        "s": pa.array(["é", ""]),
        "raw": pa.array([b"\x00", None]),
        "u": pa.array([uuid.UUID(int=1).bytes, None], pa.uuid()),
    }
    of = given(ends, pa.table(columns))
    wanted = [tuple(row.values()) for row in ends.rows(of)]
    assert ends.run_child(of, ends.duckdb(), schema="main")["rowsLoaded"] == 2
    assert ends.run(of, ends.postgresql())["rowsLoaded"] == 2
    assert ends.in_duckdb("SELECT * FROM t ORDER BY id") == wanted
    assert ends.in_postgres("SELECT * FROM t ORDER BY id") == wanted


def test_text_that_is_no_utf8_is_named(ends: Ends) -> None:
    offsets, held = pa.array([0, 2, 4], pa.int32()).buffers()[1], pa.py_buffer(b"ok\xff\xfe")
    table = pa.table({"c": pa.Array.from_buffers(pa.string(), 2, [None, offsets, held])})
    with pytest.raises(Fault, match="'c', row 2: the bytes ff fe is no UTF-8") as caught:
        ends.table(given(ends, table))
    assert caught.value.fault is FaultCode.BAD_DATA


@pytest.mark.parametrize("ticks", [86_400_000_000, -1])
def test_a_time_beyond_a_day_is_named(ends: Ends, ticks: int) -> None:
    with pytest.raises(Fault, match=f"'c', row 2: {ticks} is no time64"):
        ends.table(given(ends, pa.table({"c": pa.array([0, ticks], pa.time64("us"))})))


def test_a_page_that_does_not_match_its_checksum_is_damage(ends: Ends) -> None:
    path = ends.folder / "x.parquet"
    table = pa.table({"c": pa.array(range(10_000), pa.int64())})
    pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    raw = bytearray(path.read_bytes())
    raw[4_000] ^= 1
    path.write_bytes(raw)
    with pytest.raises(Fault) as caught:
        ends.table(connector("parquet", {"path": str(path)}))
    assert caught.value.fault is FaultCode.BAD_DATA
