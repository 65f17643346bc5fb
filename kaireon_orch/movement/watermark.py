"""How far a pipeline has read: from the ledger's last entry to the next read, and from its last row to the next entry.

A watermark is the last value in the source's own order, which is the only order that counts; its form is that of
`movement.marks`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.source import CursorRange
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement.marks import Value, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.contract.load import LedgerEntry

Lookback: TypeAlias = "int | float | str | None"

WATERMARK: Final = "watermark"
CURSOR_FIELD: Final = "cursorField"

_SPAN: Final = re.compile(r"(\d+)([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(slots=True)
class Watermark:
    """The mark of one load: `cursor` and `key` by the target's names, `column` and `order_by` by the source's.

    `earlier` is where the last load ended, None at the first; `last` moves with the rows that are read.
    """

    cursor: str
    column: str
    order_by: tuple[str, ...]
    keyed: bool
    lookback: Lookback = None
    earlier: Value | None = None
    last: Value | None = None

    def range(self) -> CursorRange:
        """What to ask the source for. Without a key what was read once must not be read twice."""
        after = None if self.earlier is None else looked_back(self.earlier, self.lookback)
        return CursorRange(self.column, after, self.keyed, self.order_by, whole_ties=not self.keyed)

    def passed(self, batch: pa.RecordBatch) -> None:
        """Take note of a batch of the source, in its order."""
        if batch.num_rows:
            self.last = plain(batch.column(self.column).slice(batch.num_rows - 1), self.column)

    def checkpoint(self) -> dict[str, Any]:
        """What the ledger keeps; a window that is read again never moves the mark back."""
        return {WATERMARK: later(self.earlier, self.last, self.lookback), CURSOR_FIELD: self.cursor}

    @property
    def stands(self) -> bool:
        """Whether nothing beyond the earlier mark was read."""
        return self.earlier is not None and later(self.earlier, self.last, self.lookback) == self.earlier


@dataclass(slots=True)
class Trail:
    """How far a load came that was not asked to go on from a mark: should the mode change, the next one goes on here.

    Such a load reads in no order, so it knows only once it has read everything. `column` is the source's name of
    `cursor`; `replaces`: the rows of earlier loads, which `earlier` is the mark of, are gone.
    """

    cursor: str
    column: str
    replaces: bool
    earlier: Value | None = None
    _last: pa.Scalar | None = None

    def passed(self, batch: pa.RecordBatch) -> None:
        """Take note of a batch of the source."""
        if self.column not in batch.schema.names:
            return
        values = batch.column(self.column)
        if not _compares(values.type) or values.null_count == len(values):
            return
        greatest = pc.max(values)
        if self._last is None or pc.greater(greatest, self._last).as_py():
            self._last = greatest

    def checkpoint(self, *, whole: bool) -> dict[str, Any] | None:
        """What the ledger keeps; `whole`: no row limit has cut the read. None where nothing is known."""
        mark = self._mark(whole=whole)
        return None if mark is None else {WATERMARK: mark, CURSOR_FIELD: self.cursor}

    def _mark(self, *, whole: bool) -> Value | None:
        if whole and self._last is not None:
            return plain(pa.array([self._last]), self.column)
        return None if self.replaces else self.earlier


def mark_of(checkpoint: Any) -> Value | None:  # noqa: ANN401  JSON of any source
    """The watermark in a ledger's checkpoint; None where it holds another kind of position."""
    return checkpoint.get(WATERMARK) if isinstance(checkpoint, dict) else None


def followed(cursor: str, renamed: Mapping[str, str], entry: LedgerEntry | None, *, replaces: bool) -> Trail:
    """The trail of a load after `entry`."""
    kept = entry.checkpoint if entry is not None and isinstance(entry.checkpoint, dict) else {}
    earlier = kept.get(WATERMARK) if kept.get(CURSOR_FIELD, cursor) == cursor else None
    return Trail(cursor, source_name(cursor, renamed), replaces, earlier)


def _compares(type_: pa.DataType) -> bool:
    """Whether Arrow's order is that of every source: texts have a collation, and NaN a place of its own."""
    kinds = (pa.types.is_integer, pa.types.is_decimal, pa.types.is_timestamp, pa.types.is_date)
    return any(bool(check(type_)) for check in kinds)


def source_name(name: str, renamed: Mapping[str, str]) -> str:
    """The source's name of a column, by `columns.rename`."""
    return next((old for old, new in renamed.items() if new == name), name)


def resumed(
    cursor: str,
    key: Sequence[str],
    renamed: Mapping[str, str],
    lookback: Lookback,
    entry: LedgerEntry | None,
) -> Watermark:
    """Where to read on after `entry`. Raises `Fault` SCHEMA_CHANGED where that was another column's mark."""
    column = source_name(cursor, renamed)
    order_by = tuple(source_name(name, renamed) for name in key)
    return Watermark(cursor, column, order_by, bool(key), lookback, _earlier(cursor, entry))


def _earlier(cursor: str, entry: LedgerEntry | None) -> Value | None:
    kept = entry.checkpoint if entry is not None else None
    if not isinstance(kept, dict) or kept.get(WATERMARK) is None:
        return None
    of = kept.get(CURSOR_FIELD, cursor)
    if of != cursor:
        raise Fault(
            FaultCode.SCHEMA_CHANGED,
            f"The watermark is of {of!r}, and cursorField is now {cursor!r}: run once with fullRefresh.",
        )
    value: Value = kept[WATERMARK]
    return value


def looked_back(value: Value, lookback: Lookback) -> Value:
    """The value less the span or the number. Raises `Fault` NOT_SUPPORTED where the two are of different kinds."""
    if lookback is None:
        return value
    moment, span = _moment(value), _span(lookback)
    if moment is not None and span is not None:
        return _moved(str(value), moment, span)
    number = _number(value)
    if number is not None and span is None:
        return _less(value, number, lookback)
    raise Fault(
        FaultCode.NOT_SUPPORTED,
        f"lookback {lookback} does not go with the watermark {arrow.shown(value)}: take a span such as 2h for times, a number for numbers.",
    )


def later(earlier: Value | None, last: Value | None, lookback: Lookback) -> Value | None:
    """The further of two marks; without a lookback nothing before the earlier one was read."""
    if earlier is None or last is None or lookback is None:
        return earlier if last is None else last
    return last if _rank(last) >= _rank(earlier) else earlier


def _rank(value: Value) -> Any:  # noqa: ANN401  a moment or a number, both of one kind in one column
    moment = _moment(value)
    return moment if moment is not None else _number(value)


def _less(value: Value, number: Decimal, lookback: Lookback) -> Value:
    moved = number - Decimal(str(lookback))
    if isinstance(value, int):
        return math.floor(moved)
    return float(moved) if isinstance(value, float) else str(moved)


def _moved(text: str, moment: dt.datetime, span: dt.timedelta) -> str:
    """As it was written; a day stays a day."""
    back = moment - span
    return back.date().isoformat() if "T" not in text else back.isoformat()


def _span(lookback: int | float | str) -> dt.timedelta | None:  # noqa: PYI041  bounds are told apart below
    found = _SPAN.fullmatch(lookback) if isinstance(lookback, str) else None
    return None if found is None else dt.timedelta(**{_UNITS[found[2]]: int(found[1])})


def _moment(value: Value) -> dt.datetime | None:
    if not isinstance(value, str) or "-" not in value[1:]:
        return None
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        return None


def _number(value: Value) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
