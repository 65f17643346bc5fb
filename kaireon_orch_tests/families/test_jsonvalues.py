from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from kaireon_orch.families.jsonvalues import json_rows

LATE_NS = 2**62  # 2116, with nanoseconds


@pytest.mark.parametrize(
    ("value", "arrow_type", "shown"),
    [
        (True, pa.bool_(), True),
        (2**53, pa.int64(), 2**53),
        (2**53 + 1, pa.int64(), "9007199254740993"),
        (-(2**63), pa.int64(), "-9223372036854775808"),
        (2**64 - 1, pa.uint64(), "18446744073709551615"),
        (0.1, pa.float64(), 0.1),
        (float("nan"), pa.float64(), "NaN"),
        (float("-inf"), pa.float64(), "-Infinity"),
        (Decimal("1.10"), pa.decimal128(10, 2), "1.10"),
        (Decimal("0.0000001"), pa.decimal128(10, 7), "0.0000001"),
        (b"\xff\x00", pa.binary(), "/wA="),
        (date(2026, 1, 2), pa.date32(), "2026-01-02"),
        (time(1, 2, 3, 4), pa.time64("us"), "01:02:03.000004"),
        (datetime(2026, 1, 2, 3, 4, 5), pa.timestamp("s"), "2026-01-02T03:04:05"),  # noqa: DTZ001  naive is the case
        (datetime(2026, 1, 2, tzinfo=UTC), pa.timestamp("us", "UTC"), "2026-01-02T00:00:00.000000Z"),
        (LATE_NS, pa.timestamp("ns"), "2116-02-20T23:53:38.427387904"),
        (timedelta(seconds=90), pa.duration("s"), "90 s"),
        ([1, 2**60], pa.list_(pa.int64()), [1, str(2**60)]),
        ({"a": Decimal("1.5"), "b": [b"x"]}, None, {"a": "1.5", "b": ["eA=="]}),
        ([("k", 1)], pa.map_(pa.string(), pa.int64()), [["k", 1]]),
        ([date(2026, 1, 2)], pa.list_(pa.date32()), ["2026-01-02"]),
        ("ü\u2028", pa.string(), "ü\u2028"),
    ],
)
def test_values_keep_what_they_are(value: Any, arrow_type: pa.DataType | None, shown: Any) -> None:
    batch = pa.record_batch({"v": pa.array([value, None], arrow_type)})
    rows = json_rows(batch)
    assert rows == [{"v": shown}, {"v": None}]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_a_batch_without_columns_or_rows() -> None:
    assert json_rows(pa.record_batch({"v": pa.array([], pa.int64())})) == []
