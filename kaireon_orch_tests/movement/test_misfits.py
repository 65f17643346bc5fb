"""Which values a cast refuses: told on whole arrays, and the same as each value says by itself."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from kaireon_orch.families import arrow
from kaireon_orch.movement import misfits, types
from kaireon_orch.movement.impossible import impossible

TEXTS = [
    *("", " ", "1", "+1", "-0", "007", "0x1F", " 1", "1 ", "1.", ".5", "1.5", "-1.25", "1.50", "1e2", "1E-2", "1,5"),
    *("127", "128", "-129", "255", "256", "65536", "2147483648", "-9223372036854775808", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "9" * 45, "0" * 50 + "1", "9" * 80, "x", "ten", "nan", "NaN"),
    *("inf", "-Infinity", "true", "TRUE", "f", "yes", "0.1234567890123456789", "0.30000000000000004", "123456.789"),
    *("2020-01-01", "2020-1-1", "20200101", "31-12-2020", "2020-13-01", "2020-02-30", "2020-01-01 10", "0000-01-01"),
    *("2020-01-01 10:11", "2020-01-01T10:11:12", "2020-01-01 10:11:12.123456", "2020-01-01 10:11:12.1234567"),
    *("2020-01-01T10:11:12Z", "2020-01-01T10:11:12+02:00", "2020-01-01T10:11:12+0200", "2020-01-01T10:11:12+02"),
    *("2020-01-01Z", "2020-01-01T101112", "2020-01-01T1011", "12:30", "12:30:15", "12:30:15.5", "25:00", "24:00:00"),
    *("6f2d1c1e-8d1b-4f3b-9a53-0a1b2c3d4e5f", "6f2d1c1e8d1b4f3b9a530a1b2c3d4e5f", "6f2d1c1e-8d1b", "{}", '{"a": [1, {"b": null}]}', "{'a': 1}", '{"a": 1', "\x00", "é", "\uff11"),
    None,
]  # fmt: skip
FLOATS = [
    0.0,
    -0.0,
    1.0,
    1.5,
    -2.25,
    0.1,
    1e300,
    -1e300,
    1e16,
    1e-7,
    float("nan"),
    float("inf"),
    127.0,
    128.0,
    None,
]
NUMBERS = [0, 1, 2, -1, 127, 128, 255, 256, 2**24 + 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), None]
DECIMALS = [
    Decimal("0.00"),
    Decimal("1.00"),
    Decimal("1.25"),
    Decimal("-99.90"),
    Decimal("12345678901234.56"),
    None,
]
TIMES = ["2020-01-01 00:00:00", "2020-01-01 10:11:12.000013", "1969-12-31 23:00:00", None]
WORDS = [
    *("bool", "int8", "int16", "int64", "uint8", "uint64", "float32", "float64", "decimal128(5,1)", "decimal128(38,10)"),
    *("decimal256(50,2)", "date32", "timestamp[s]", "timestamp[us]", "timestamp[us, UTC]", "time64[us]", "uuid"),
    *("string", "binary", "json"),
]  # fmt: skip
SOURCES = {
    "text": pa.array(TEXTS, pa.string()),
    "float": pa.array(FLOATS, pa.float64()),
    "integer": pa.array(NUMBERS, pa.int64()),
    "decimal": pa.array(DECIMALS, pa.decimal128(20, 2)),
    "timestamp": pa.array(TIMES, pa.string()).cast(pa.timestamp("us")),
    "nanoseconds": pa.array([0, 1000, 1001, None], pa.int64()).cast(pa.timestamp("ns")),
}


def refuses(array: pa.Array, cast: Any, type_: pa.DataType) -> bool:
    try:
        cast(array, type_)
    except misfits.REFUSALS:
        return True
    return False


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("loose", [False, True])
def test_each_value_says_the_same_by_itself(source: str, words: str, loose: bool) -> None:
    array, type_ = SOURCES[source], arrow.parse_type(words)
    assert type_ is not None
    cast = types.lossy if loose else types.exact
    if not types.castable(array.type, type_, loose=loose):
        return
    alone = [refuses(array.slice(at, 1), cast, type_) for at in range(len(array))]
    known = impossible(array, type_, loose=loose)
    if known is not None:
        wrong = [array[at].as_py() for at in range(len(array)) if known[at].as_py() and not alone[at]]
        assert wrong == []
    made, bad = misfits.converted(array, lambda part: cast(part, type_), type_, loose=loose)
    assert (bad.to_pylist() if bad is not None else [False] * len(array)) == alone
    good = [at for at in range(len(array)) if not alone[at]]
    if good:
        each = pa.concat_arrays([cast(array.slice(at, 1), type_) for at in good])
        assert shown(made.take(pa.array(good))) == shown(each)


def shown(array: pa.Array) -> str:
    """Every value in Arrow's own words; Python has no year 0, and NaN is not itself."""
    return str(arrow.storage(array).to_string(window=1000))


@pytest.mark.parametrize(
    ("values", "type_", "words"),
    [
        ([2], pa.int64(), "bool"),
        ([1_000_000], pa.timestamp("us"), "date32"),
        (["0.1234567890123456789"], pa.string(), "float64"),
        (["16777217"], pa.string(), "float32"),
        ([2**53 + 1], pa.int64(), "float64"),
        ([0.1], pa.float64(), "float32"),
        ([1001], pa.timestamp("ns"), "timestamp[us]"),
    ],
)
def test_nothing_is_rounded_or_cut_in_silence(values: list[Any], type_: pa.DataType, words: str) -> None:
    wanted = arrow.parse_type(words)
    assert refuses(pa.array(values, type_), types.exact, wanted or pa.null())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([at + 0.5 for at in range(200_000)], "int64"),
        ([at + 0.125 for at in range(200_000)], "decimal128(20,1)"),
        (list(range(40_000, 240_000)), "int16"),
        (["99999999999999999999"] * 200_000, "int64"),
        (["31-12-2020"] * 200_000, "date32"),
        (["2020-01-01T00:00:00"] * 200_000, "timestamp[us, UTC]"),
    ],
)
def test_a_column_of_nothing_else_is_told_as_a_whole(values: list[Any], words: str) -> None:
    array, type_ = pa.array(values), arrow.parse_type(words)
    assert type_ is not None
    started = time.monotonic()
    bad = misfits.refused(array, lambda part: types.exact(part, type_), type_)
    assert bad.true_count == len(array)
    assert time.monotonic() - started < 3
