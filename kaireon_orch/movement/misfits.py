"""Which values of a column a conversion refuses, found on whole arrays: first by what cannot be, then by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement.impossible import impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kaireon_orch.contract.load import Misfit

    Via = Callable[[pa.Array], pa.Array]

REFUSALS: Final = (pa.ArrowInvalid, pa.ArrowNotImplementedError)


def converted(
    array: pa.Array, via: Via, type_: pa.DataType, *, loose: bool = False
) -> tuple[pa.Array, pa.Array | None]:
    """The array by `via`, and True where it refused a value (which is NULL then); None where it refused none."""
    made = _tried(array, via)
    if made is not None:
        return made, None
    bad = refused(array, via, type_, loose=loose)
    return via(without(array, bad)), bad


def refused(array: pa.Array, via: Via, type_: pa.DataType, *, loose: bool = False) -> pa.Array:
    """True at each value that `via` refuses. `type_` is what it casts to; `loose`: numbers may be rounded on the way."""
    known = impossible(array, type_, loose=loose)
    if known is None:
        known = pa.repeat(pa.scalar(value=False), len(array))
    positions = list(_positions(without(array, known), via))
    found = pc.is_in(pa.arange(0, len(array)), pa.array(positions, pa.int64()))
    return pc.or_(found, known)


def without(array: pa.Array, bad: pa.Array) -> pa.Array:
    """The array with NULL where `bad` is True."""
    plain = arrow.storage(array)
    kept = pc.if_else(bad, pa.scalar(None, plain.type), plain)
    return pa.ExtensionArray.from_storage(array.type, kept) if plain is not array else kept


def row_fault(batch: pa.RecordBatch, misfit: Misfit, before: int) -> Fault:
    """The first value of a misfit as a fault that names column, row and value. `before`: rows that went before.

    TYPE_LOSSY for what would be rounded or cut, ROW_REFUSED for what is nothing of the kind at all.
    """
    at = pc.index(misfit.bad, value=True).as_py()
    column = batch.column(misfit.column)
    lossy = column[at].is_valid and not pa.types.is_string(arrow.storage(column).type)
    code = FaultCode.TYPE_LOSSY if lossy else FaultCode.ROW_REFUSED
    shown = arrow.shown_at(column, at)
    return Fault(code, f"Column {misfit.column!r}, row {before + at + 1}: {shown} {misfit.reason}.")


def bad_rows(misfits: Sequence[Misfit]) -> pa.Array:
    """True at each row that has any misfit."""
    bad = misfits[0].bad
    for misfit in misfits[1:]:
        bad = pc.or_(bad, misfit.bad)
    return bad


def _positions(array: pa.Array, via: Via, start: int = 0) -> Iterator[int]:
    if _tried(array, via) is not None:
        return
    if len(array) == 1:
        yield start
        return
    half = len(array) // 2
    yield from _positions(array.slice(0, half), via, start)
    yield from _positions(array.slice(half), via, start + half)


def _tried(array: pa.Array, via: Via) -> pa.Array | None:
    try:
        return via(array)
    except REFUSALS:
        return None
