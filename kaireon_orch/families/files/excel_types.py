"""Which type each column of cells has, and its values as that type.

Excel has five kinds: numbers (float64 inside), text, truth values, moments and nothing. A column of numbers is int64
where each is whole and exact, else float64; of days date32; of moments timestamp[us] without a zone. A column of
several kinds is text, as a person would write its values. Empty cells and error cells (`#N/A`) are NULL: the reader
tells neither from the other.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

EXACT_INTEGERS: Final = 1 << 53
"""Up to here every whole number is itself in float64."""

_DAY_SECONDS: Final = 86_400


def found_type(values: Sequence[Any]) -> pa.DataType:
    """The type of a column's values, `""` for NULL."""
    kinds = {type(value) for value in values if value != ""}
    if not kinds:
        return pa.null()
    if kinds <= {float, int}:
        return pa.int64() if all(value == "" or _is_whole(value) for value in values) else pa.float64()
    for known, type_ in _TYPES:
        if kinds <= known:
            return type_
    return pa.string()


def column_array(values: Sequence[Any], type_: pa.DataType, *, found: bool) -> pa.Array:
    """The values as the type. Raises `pyarrow.ArrowInvalid`, `TypeError`, `ValueError` for one that does not fit."""
    given = [None if value == "" else value for value in values]
    if pa.types.is_null(type_):
        return pa.nulls(len(given))
    if found and not pa.types.is_string(type_):
        return pa.array([_plain(value, type_) for value in given], type_)
    return arrow.cast(pa.array([as_text(value) for value in given], pa.string()), type_)


def as_text(value: Any) -> str | None:  # noqa: ANN401  a cell's value
    """A cell as a person would write it: whole numbers without a fraction, moments in ISO 8601."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return str(int(value)) if _is_whole(value) else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return _duration(value) if isinstance(value, dt.timedelta) else str(value.isoformat())


def _is_whole(value: float) -> bool:
    return value == value // 1 and abs(value) <= EXACT_INTEGERS and not _is_negative_zero(value)


def _is_negative_zero(value: float) -> bool:
    return value == 0 and str(value).startswith("-")


def _plain(value: Any, type_: pa.DataType) -> Any:  # noqa: ANN401  a cell's value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime) and pa.types.is_timestamp(type_):
        return dt.datetime.combine(value, dt.time())
    return int(value) if isinstance(value, float) and pa.types.is_integer(type_) else value


def _duration(value: dt.timedelta) -> str:
    """`[h]:mm:ss`, as Excel shows it, with what a second has beyond."""
    sign = "-" if value < dt.timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.days * _DAY_SECONDS + value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}{rest}"


_TYPES: Final[tuple[tuple[set[type], pa.DataType], ...]] = (
    ({bool}, pa.bool_()),
    ({dt.date}, pa.date32()),
    ({dt.date, dt.datetime}, pa.timestamp("us")),
    ({dt.time}, pa.time64("us")),
)
