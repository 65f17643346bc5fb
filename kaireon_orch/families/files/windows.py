"""Rows of a partition window, told on whole columns."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.source import Window


def within(batch: pa.RecordBatch, window: Window) -> pa.Array:
    """True at the rows of the window or of its keys; NULL is in none. Raises `Fault` OBJECT_MISSING, NOT_SUPPORTED."""
    if window.column not in batch.schema.names:
        raise Fault(
            FaultCode.OBJECT_MISSING, f"The partition's column {window.column!r} is not among those read."
        )
    column = arrow.storage(batch.column(window.column))
    if window.keys is not None:
        wanted = keys.values(window.keys, batch.schema.field(window.column))
        return pc.is_in(column, value_set=arrow.storage(wanted))
    start, end = (edge(value, column.type, window.column) for value in (window.start, window.end))
    inside = pc.and_(pc.greater_equal(column, start), pc.less(column, end))
    return pc.fill_null(inside, fill_value=False)


def inside(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, window: Window, row_limit: int | None
) -> Iterator[pa.RecordBatch]:
    """The rows of the window, at most `row_limit`. Raises `Fault` as `within` does, before a row is read."""
    within(pa.RecordBatch.from_pylist([], schema), window)
    return limited((batch.filter(within(batch, window)) for batch in batches), row_limit)


def limited(batches: Iterator[pa.RecordBatch], row_limit: int | None) -> Iterator[pa.RecordBatch]:
    """The first `row_limit` rows; all where it is None."""
    left = row_limit
    for batch in batches:
        cut = batch if left is None else batch.slice(0, left)
        yield cut
        left = None if left is None else left - cut.num_rows
        if left is not None and left <= 0:
            return


def edge(value: Any, type_: pa.DataType, name: str) -> pa.Scalar:  # noqa: ANN401  as the run's request has it
    """A window's bound as a value of the column's type; a moment without a zone is in UTC."""
    try:
        if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
            return _moment(str(value), type_)
        return pa.scalar(str(value)).cast(type_)
    except (ValueError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"Column {name!r} of type {arrow.type_words(type_)} has no partition that begins or ends at {arrow.shown(value)}.",
        ) from None


def _moment(text: str, type_: pa.DataType) -> pa.Scalar:
    moment = dt.datetime.fromisoformat(text)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    plain = zoned.astimezone(dt.UTC).replace(tzinfo=None)
    if pa.types.is_date(type_):
        return pa.scalar(moment.date()).cast(type_)
    if type_.tz is None:
        return pa.scalar(plain, pa.timestamp("us")).cast(type_)
    return pa.scalar(plain.replace(tzinfo=dt.UTC), pa.timestamp("us", "UTC")).cast(type_)
