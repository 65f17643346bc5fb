"""Values that DuckDB would change without a word, or refuse without saying which.

The outermost numbers of its days and moments are its infinities; a number's text is rounded where a column is whole.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.load import TableShape

LAST_DAY: Final = 2**31 - 2
LAST_TICK: Final = 2**63 - 2
FIRST_MICROSECOND: Final = -9_223_372_022_400_000_000
"""290309-12-22 BC, the first moment that DuckDB's own functions take."""

_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "HUGEINT": (-(2**127), 2**127 - 1),
    "UHUGEINT": (0, 2**128 - 1),
}
_LABEL: Final = re.compile(r"'((?:[^']|'')*)'")


def misfits(batch: pa.RecordBatch, shape: TableShape | None) -> Iterator[Misfit]:
    """The values of the batch that would be another one, or none, in DuckDB. `shape` is of the table before the load."""
    natives = {} if shape is None else {column.name: column.native for column in shape.columns}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        plain, native = arrow.storage(column), natives.get(field.name, "")
        yield from _some(field.name, outside(plain), "is out of the range of DuckDB's type")
        if arrow.tag(field) == arrow.DECIMAL_TAG:
            yield from _some(field.name, _no_whole(plain, native), f"is no whole number that {native} takes")
        elif native.startswith("ENUM("):
            yield from _some(field.name, _no_label(plain, native), "is no value of the column's enumeration")


def demand_kept(batch: pa.RecordBatch, shape: TableShape | None, before: int) -> None:
    """Raise `Fault` ROW_REFUSED naming column, row and value of a misfit. `before`: rows that went before."""
    for misfit in misfits(batch, shape):
        at = pc.index(misfit.bad, value=True).as_py()
        value = arrow.shown_at(batch.column(misfit.column), at)
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: {value} {misfit.reason}.",
        )


def _some(name: str, bad: pa.Array | None, reason: str) -> Iterator[Misfit]:
    if bad is not None and pc.any(bad).as_py():
        yield Misfit(name, pc.fill_null(bad, fill_value=False), reason)


def _no_whole(texts: pa.Array, native: str) -> pa.Array:
    first, last = _RANGES.get(native, (None, None))

    def fits(text: str) -> bool:
        number = Decimal(text)
        whole = number.is_finite() and number == number.to_integral_value()
        return whole and (first is None or first <= number) and (last is None or number <= last)

    return pa.array([text is not None and not fits(text) for text in texts.to_pylist()], pa.bool_())


def _no_label(texts: pa.Array, native: str) -> pa.Array:
    labels = pa.array([label.replace("''", "'") for label in _LABEL.findall(native)], texts.type)
    return pc.and_(pc.invert(pc.is_in(texts, labels)), texts.is_valid())


def outside(column: pa.Array) -> pa.Array | None:
    """True at each value that is no finite day or moment of DuckDB, or at each list with one; None for other types."""
    if pa.types.is_list(column.type):
        return _lists_with(column, outside(column.flatten()))
    if pa.types.is_timestamp(column.type):
        first = FIRST_MICROSECOND if column.type.unit == "us" else -LAST_TICK
        return _beyond(column.view(pa.int64()), first, LAST_TICK)
    if pa.types.is_date32(column.type):
        return _beyond(column.view(pa.int32()), -LAST_DAY, LAST_DAY)
    return None


def _beyond(numbers: pa.Array, first: int, last: int) -> pa.Array:
    return pc.or_(pc.less(numbers, _scalar(first, numbers)), pc.greater(numbers, _scalar(last, numbers)))


def _scalar(value: int, like: pa.Array) -> Any:  # noqa: ANN401  pyarrow has no types
    return pa.scalar(value, like.type)


def _lists_with(lists: pa.Array, bad: pa.Array | None) -> pa.Array | None:
    if bad is None:
        return None
    rows = pc.list_parent_indices(lists).filter(pc.fill_null(bad, fill_value=False))
    return pc.is_in(pa.arange(0, len(lists)), rows)
