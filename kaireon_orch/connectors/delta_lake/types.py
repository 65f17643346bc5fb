"""What a new Delta column is for an Arrow field (Delta protocol, "Primitive Types").

Unsigned integers become the next wider signed ones, `uint64` a decimal(20,0), UUIDs and JSON text: exact in another
form. Moments are kept in microseconds, each value proved. Times of day, durations, intervals and decimals of more than
38 digits have no type there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_DIGITS: Final = 38


def stored(field: pa.Field) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where Delta has no such type."""
    return pa.field(field.name, _stored(field.type, field.name))


def native(field: pa.Field) -> str:
    """Delta's own words."""
    type_ = field.type
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pa.types.is_list(type_):
        return f"array<{native(type_.value_field)}>"
    return _NATIVE.get(type_, str(type_))


def _stored(type_: pa.DataType, name: str) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type, name)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_stored(type_.value_type, name))
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", None if type_.tz is None else "UTC")
    if pa.types.is_decimal(type_) and 0 <= type_.scale <= type_.precision <= _MAX_DIGITS:
        return pa.decimal128(type_.precision, type_.scale)
    if type_ in _NATIVE:
        return type_
    for check, kept in _KEPT:
        if check(type_):
            return kept
    raise Fault(
        FaultCode.TYPE_LOSSY,
        f"Column {name!r}: Delta has no type that keeps {arrow.type_words(type_)}; cast it with columns.cast.",
    )


def _is_text(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.JsonType | pa.UuidType)


_NATIVE: Final = {
    pa.bool_(): "boolean",
    pa.int8(): "byte",
    pa.int16(): "short",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "binary",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp_ntz",
    pa.timestamp("us", "UTC"): "timestamp",
}
_KEPT: Final[tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...]] = (
    (_is_text, pa.string()),
    (pa.types.is_null, pa.string()),
    (pa.types.is_uint8, pa.int16()),
    (pa.types.is_uint16, pa.int32()),
    (pa.types.is_uint32, pa.int64()),
    (pa.types.is_uint64, pa.decimal128(20, 0)),
    (pa.types.is_float16, pa.float32()),
    (pa.types.is_date64, pa.date32()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
    (pa.types.is_fixed_size_binary, pa.binary()),
)
