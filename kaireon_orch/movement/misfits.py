"""Which values of a column a conversion refuses, found on whole arrays: first by what cannot be, then by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kaireon_orch.contract.load import Misfit

    Via = Callable[[pa.Array], pa.Array]

REFUSALS: Final = (pa.ArrowInvalid, pa.ArrowNotImplementedError)

_FORMS: Final = (
    (pa.types.is_boolean, r"(?i)^(true|false|0|1)$"),
    (pa.types.is_integer, r"^[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)$"),
    (pa.types.is_floating, r"(?i)^[+-]?([0-9.]+(e[+-]?[0-9]+)?|inf|infinity|nan)$"),
    (pa.types.is_decimal, r"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"),
    (pa.types.is_date, r"^[0-9-]+$"),
    (pa.types.is_timestamp, r"^[0-9:.TZ +-]+$"),
    (pa.types.is_time, r"^[0-9:.]+$"),
)
"""A form that each text which Arrow reads as the type has, and others too: a text without it is certainly none."""


def converted(array: pa.Array, via: Via, type_: pa.DataType) -> tuple[pa.Array, pa.Array | None]:
    """The array by `via`, and True where it refused a value (which is NULL then); None where it refused none."""
    made = _tried(array, via)
    if made is not None:
        return made, None
    bad = refused(array, via, type_)
    return via(without(array, bad)), bad


def refused(array: pa.Array, via: Via, type_: pa.DataType) -> pa.Array:
    """True at each value that `via` refuses. `type_` is what it makes; a cast among others."""
    impossible = _impossible(array, type_)
    rest = array if impossible is None else without(array, impossible)
    positions = list(_positions(rest, via))
    if not positions:
        return pa.repeat(False, len(array)) if impossible is None else impossible
    found = pc.is_in(pa.arange(0, len(array)), pa.array(positions, pa.int64()))
    return found if impossible is None else pc.or_(found, impossible)


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
    value = column[at].as_py()
    lossy = value is not None and not pa.types.is_string(arrow.storage(column).type)
    code = FaultCode.TYPE_LOSSY if lossy else FaultCode.ROW_REFUSED
    shown = "NULL" if value is None else arrow.shown(value)
    return Fault(code, f"Column {misfit.column!r}, row {before + at + 1}: {shown} {misfit.reason}.")


def bad_rows(misfits: Sequence[Misfit]) -> pa.Array:
    """True at each row that has any misfit."""
    bad = misfits[0].bad
    for misfit in misfits[1:]:
        bad = pc.or_(bad, misfit.bad)
    return bad


def _impossible(array: pa.Array, type_: pa.DataType) -> pa.Array | None:
    """Texts that have not even the form of the type."""
    texts = arrow.storage(array)
    form = next((form for check, form in _FORMS if check(type_)), None)
    if form is None or not pa.types.is_string(texts.type):
        return None
    return pc.fill_null(pc.invert(pc.match_substring_regex(texts, form)), fill_value=False)


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
