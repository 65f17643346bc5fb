"""Values that a file's own types do not allow, which libraries pass on: text that is no UTF-8, times beyond a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN_BYTES = 16


def demand_valid(batch: pa.RecordBatch, before: int) -> None:
    """Raises `Fault` BAD_DATA naming column, row and value. `before`: rows that went before the batch."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if not _is_valid(column):
            at = _first(column, _is_valid)
            raise Fault(
                FaultCode.BAD_DATA,
                f"Column {field.name!r}, row {before + at + 1}: {_shown(column.slice(at, 1))} is no {_words(field.type)}.",
            )


def _is_valid(column: pa.Array) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _first(column: pa.Array, holds: Callable[[pa.Array], bool]) -> int:
    start, length = 0, len(column)
    while length > 1:
        half = length // 2
        if holds(column.slice(start, half)):
            start, length = start + half, length - half
        else:
            length = half
    return start


def _shown(value: pa.Array) -> str:
    """The value's bytes or ticks: as what it says to be it cannot be shown."""
    plain = arrow.storage(value)
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        wide = pa.types.is_large_string(plain.type)
        held = plain.view(pa.large_binary() if wide else pa.binary())[0].as_py()
        return f"the bytes {held[:SHOWN_BYTES].hex(' ')}"
    if pa.types.is_time(plain.type):
        return str(plain.view(pa.int32() if plain.type.bit_width == 32 else pa.int64())[0].as_py())  # noqa: PLR2004  bits
    return "a value"


def _words(type_: pa.DataType) -> str:
    return (
        "UTF-8" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else arrow.type_words(type_)
    )
