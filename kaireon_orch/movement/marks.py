"""A cursor's value as JSON: numbers as numbers, everything else as text that the source compares by the column's type."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

Value: TypeAlias = "int | float | str"

_ISO_DAY: Final = len("2026-01-01")


def plain(value: pa.Array, column: str) -> Value:
    """An array's one value as JSON. Raises `Fault` NOT_SUPPORTED for a type that marks nothing, BAD_DATA for NaN."""
    type_ = value.type
    if pa.types.is_integer(type_):
        return int(value[0].as_py())
    if pa.types.is_floating(type_):
        return _finite(value[0].as_py(), column)
    if pa.types.is_timestamp(type_):
        return str(arrow.cast(value, pa.string())[0].as_py()).replace(" ", "T")
    if _has_text(type_):
        return str(arrow.cast(value, pa.string())[0].as_py())
    raise Fault(
        FaultCode.NOT_SUPPORTED,
        f"Column {column!r} of type {arrow.type_words(type_)} cannot be a cursor: take numbers, dates, times or texts.",
    )


def _has_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_date, pa.types.is_decimal, pa.types.is_string)
    return isinstance(type_, pa.UuidType) or any(bool(check(type_)) for check in kinds)


def _finite(value: float, column: str) -> float:
    if not math.isfinite(value):
        raise Fault(
            FaultCode.BAD_DATA, f"Column {column!r}: nothing comes after {value}, the cursor's value."
        )
    return value


def given(value: Value, field: pa.Field) -> Value:
    """What a person gave as a mark of the column `field`, as `plain` would have written it.

    A time without a zone is UTC where the column has zones. Raises `Fault` BAD_DATA for what is no value of the
    column's type, and what `plain` raises.
    """
    try:
        return plain(_typed(value, field), field.name)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, InvalidOperation, OverflowError):
        pass
    meaning = arrow.tag(field) or arrow.type_words(field.type)
    words = f"{arrow.shown(value)} is no value of the cursor {field.name!r}, which is {meaning}"
    raise Fault(FaultCode.BAD_DATA, words)


def _typed(value: Value, field: pa.Field) -> pa.Array:
    type_ = field.type
    if arrow.tag(field) == arrow.DECIMAL_TAG or pa.types.is_decimal(type_):
        return arrow.cast(pa.array([_decimal(value)]), type_)
    if pa.types.is_string(type_) and not isinstance(value, str):
        raise pa.ArrowInvalid("a text is wanted")
    if pa.types.is_timestamp(type_) and isinstance(value, str):
        return _moment(value, type_)
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        number = _decimal(value)
        whole = pa.types.is_integer(type_) and number == number.to_integral_value()
        return arrow.cast(pa.array([int(number) if whole else float(number)]), type_)
    if isinstance(value, str):
        return arrow.cast(pa.array([value]), type_)
    raise pa.ArrowInvalid("a value of another kind")


def _decimal(value: Value) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise pa.ArrowInvalid("not a number")
    return number


def _moment(text: str, type_: pa.TimestampType) -> pa.Array:
    """A moment as ISO 8601 writes it; a day is its beginning."""
    whole = f"{text}T00:00:00" if len(text) == _ISO_DAY else text
    try:
        return pa.array([whole]).cast(type_)
    except pa.ArrowInvalid:
        if type_.tz is None:
            raise
        return pa.array([f"{whole}Z"]).cast(type_)
