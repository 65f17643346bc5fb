"""What a new Parquet column is for an Arrow field: nearly all of Arrow's types are kept as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator


def stored(field: pa.Field) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where Parquet has no such type."""
    meaning = arrow.tag(field)
    if meaning is not None and pa.types.is_string(field.type):
        return arrow.tagged(field.name, meaning)
    return pa.field(field.name, _stored(field.type, field.name))


def native(field: pa.Field) -> str:
    """The type's words."""
    return arrow.tag(field) or arrow.type_words(field.type)


def misfits(batch: pa.RecordBatch) -> Iterator[Misfit]:
    """24:00, which readers of Parquet take for 00:00."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_time(field.type):
            ticks = column.cast(pa.time64("ns")).view(pa.int64())
            bad = pc.greater_equal(ticks, _DAY_NANOSECONDS)
            if pc.any(bad).as_py():
                reason = "is 24:00, no time of day in Parquet; cast the column to string"
                yield Misfit(field.name, pc.fill_null(bad, fill_value=False), reason)


def demand_kept(batch: pa.RecordBatch, before: int) -> None:
    """Raise `Fault` ROW_REFUSED naming column and row of a misfit. `before`: rows that went before."""
    for misfit in misfits(batch):
        at = pc.index(misfit.bad, value=True).as_py()
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: the value {misfit.reason}.",
        )


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


_DAY_NANOSECONDS: Final = 86_400_000_000_000

_KEPT: Final = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_date64, pa.date32()),
    (_is_seconds, pa.time32("ms")),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_binary_view, pa.binary()),
)
