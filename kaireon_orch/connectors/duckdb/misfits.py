"""Values that DuckDB would take for something else: the outermost numbers of its days and moments are its infinities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST_DAY: Final = 2**31 - 2
LAST_TICK: Final = 2**63 - 2
FIRST_MICROSECOND: Final = -9_223_372_022_400_000_000
"""290309-12-22 BC, the first moment that DuckDB's own functions take."""

_REASON: Final = "is out of the range of DuckDB's type"


def misfits(batch: pa.RecordBatch) -> Iterator[Misfit]:
    """The values of the batch that would be another one, or none, in DuckDB."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        bad = outside(arrow.storage(column))
        if bad is not None and pc.any(bad).as_py():
            yield Misfit(field.name, pc.fill_null(bad, fill_value=False), _REASON)


def demand_kept(batch: pa.RecordBatch, before: int) -> None:
    """Raise `Fault` ROW_REFUSED naming column, row and value of a misfit. `before`: rows that went before."""
    for misfit in misfits(batch):
        at = pc.index(misfit.bad, value=True).as_py()
        value = arrow.shown_at(batch.column(misfit.column), at)
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: {value} {misfit.reason}.",
        )


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
