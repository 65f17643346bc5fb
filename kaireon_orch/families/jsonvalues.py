"""Arrow values as JSON that loses nothing.

Decimals and integers beyond 2^53 (where JavaScript's numbers end) become strings, bytes base64, times ISO 8601,
floats that JSON has no words for `NaN`, `Infinity` and `-Infinity`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

EXACT_INTEGERS = 1 << 53


def json_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """One JSON object a row."""
    columns = [_json_column(column) for column in batch.columns]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_column(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        # Python's datetime has neither nanoseconds nor years beyond 9999.
        return [_iso(text) for text in pc.cast(column, pa.string()).to_pylist()]
    if pa.types.is_duration(column.type) or pa.types.is_date(column.type) or pa.types.is_time(column.type):
        return list(_plain_text(column))
    return [_json_value(value) for value in column.to_pylist()]


def _plain_text(column: pa.Array) -> Iterable[str | None]:
    if pa.types.is_duration(column.type):
        unit = column.type.unit
        return (
            None if ticks is None else f"{ticks} {unit}" for ticks in pc.cast(column, pa.int64()).to_pylist()
        )
    texts: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    return texts


def _iso(text: str | None) -> str | None:
    return None if text is None else text.replace(" ", "T", 1)


def _json_number(value: float) -> int | float | str:
    if isinstance(value, int):
        return value if -EXACT_INTEGERS <= value <= EXACT_INTEGERS else str(value)
    return value if math.isfinite(value) else json.dumps(value)


def _json_value(value: Any) -> Any:  # noqa: ANN401  whatever Arrow gives
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _json_number(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): _json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    return _text(value)


def _text(value: Any) -> str:  # noqa: ANN401  what Arrow gives beyond JSON's own kinds
    if isinstance(value, Decimal):
        return f"{value:f}"  # never 1E-7
    return str(value.isoformat()) if isinstance(value, date | time) else str(value)
