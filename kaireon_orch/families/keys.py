"""Keys of a partition, which are told as texts, as values of the column that they select by.

A key is one value, compared exactly: by bytes where it is text, by value where it is a number, a day, a moment, a truth
or a UUID. NULL is none. What cannot be compared so (floating point, JSON, lists, text that stands for another type) has
no keys.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}")
_TRUTH: Final = re.compile("true|false", re.IGNORECASE)


def values(keys: Iterable[str], field: pa.Field) -> pa.Array:
    """The keys as an array of the field's type. Raises `Fault` NOT_SUPPORTED naming the key that is no such value."""
    parse = _parser(field)
    return pa.concat_arrays([_value(key, parse, field) for key in keys])


def texts(array: pa.Array) -> tuple[str, ...]:
    """Values as their keys: the one text of each that `values` reads and every database takes as a constant."""
    return tuple(arrow.cast(array, pa.string()).to_pylist())


def canonical(keys: Iterable[str], field: pa.Field) -> tuple[str, ...]:
    """The keys as `texts` writes them. Raises as `values` does."""
    return texts(values(keys, field))


def _value(key: str, parse: Callable[[str], Any], field: pa.Field) -> pa.Array:
    try:
        if isinstance(field.type, pa.UuidType):
            return arrow.cast(pa.array([parse(key)], pa.string()), field.type)
        return pa.array([parse(key)], field.type)
    except (ValueError, OverflowError, ArithmeticError, pa.ArrowException):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"The partition's key {arrow.shown(key)} is no value of column {field.name!r}, which is "
            f"{arrow.type_words(field.type)}.",
        ) from None


def _parser(field: pa.Field) -> Callable[[str], Any]:
    type_ = field.type
    if arrow.tag(field) is None:
        if isinstance(type_, pa.UuidType):
            return lambda key: _matched(_UUID, key)
        for check, parse in _PARSERS:
            if check(type_):
                return parse
        if pa.types.is_timestamp(type_):
            return lambda key: _moment(key, zoned=type_.tz is not None)
    raise Fault(
        FaultCode.NOT_SUPPORTED,
        f"Column {field.name!r} of type {arrow.tag(field) or arrow.type_words(type_)} has no values that are told "
        "exactly by a text: partition by a column of text, whole numbers, decimals with digits of their own, days, "
        "moments, truths or UUIDs.",
    )


def _matched(form: re.Pattern[str], key: str) -> str:
    if form.fullmatch(key) is None:
        raise ValueError(form.pattern)
    return key


def _moment(key: str, *, zoned: bool) -> dt.datetime:
    """A moment without a zone is in UTC, as the edges of windows are."""
    told = dt.datetime.fromisoformat(key)
    utc = told.astimezone(dt.UTC) if told.tzinfo else told.replace(tzinfo=dt.UTC)
    return utc if zoned else utc.replace(tzinfo=None)


def _is_text(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    )


_PARSERS: Final = (
    (_is_text, lambda key: key),
    (pa.types.is_integer, lambda key: int(_matched(_INTEGER, key))),
    (pa.types.is_decimal, lambda key: Decimal(_matched(_DECIMAL, key))),
    (pa.types.is_date32, lambda key: dt.date.fromisoformat(_matched(_DAY, key))),
    (pa.types.is_boolean, lambda key: _matched(_TRUTH, key).lower() == "true"),
)
