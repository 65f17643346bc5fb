"""What a new Parquet column is for an Arrow field: nearly all of Arrow's types are kept as they are."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow


def stored(field: pa.Field) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where Parquet has no such type."""
    meaning = arrow.tag(field)
    if meaning is not None and pa.types.is_string(field.type):
        return arrow.tagged(field.name, meaning)
    return pa.field(field.name, _stored(field.type, field.name))


def native(field: pa.Field) -> str:
    """The type's words."""
    return arrow.tag(field) or arrow.type_words(field.type)


def _stored(type_: pa.DataType, name: str) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type, name)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return pa.list_(_stored(type_.value_type, name))
    if pa.types.is_timestamp(type_):
        return pa.timestamp("ms" if type_.unit == "s" else type_.unit, type_.tz)
    for check, kept in _KEPT:
        if check(type_):
            return kept
    if pa.types.is_interval(type_) or pa.types.is_union(type_) or pa.types.is_run_end_encoded(type_):
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"Column {name!r}: Parquet has no type that keeps {arrow.type_words(type_)}.",
        )
    return type_


def _is_seconds(type_: pa.DataType) -> bool:
    return bool(type_ == pa.time32("s"))


_KEPT: Final = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_date64, pa.date32()),
    (_is_seconds, pa.time32("ms")),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_binary_view, pa.binary()),
)
