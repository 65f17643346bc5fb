"""Read MySQL as Arrow: key ranges by connectorx, or one stream by PyMySQL; either way one checked cast for a column.

connectorx costs least, but it holds a whole result in memory, opens connections of its own and dies of a zero date. So
it reads in ranges of the primary key, each bounded in rows and bytes; a range that it does not take is read again by the
slow way, which names column, row and value.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import connectorx
import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import SSCursor

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import mysql_errors, mysql_types
from kaireon_orch.families.sql.mysql_query import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.families.sql.mysql_session import Session
    from kaireon_orch.families.sql.mysql_types import MyType

RANGE_ROWS: Final = 100_000
RANGE_BYTES: Final = 48 << 20
BATCH_ROWS: Final = 20_000
MOST_FAILURES: Final = 3

_TIME: Final = r"^(?P<sign>-?)(?P<h>\d+):(?P<m>\d{2}):(?P<s>\d{2})(?:\.(?P<f>\d{1,6}))?$"
_DAY_MICROSECONDS: Final = 86_400_000_000
_ZERO: Final = "0000-00-00"


@dataclass(frozen=True, slots=True)
class Projection:
    """What is selected, and the schema that comes out of it. `zero_as_null`: a zero date is read as NULL."""

    types: tuple[tuple[str, MyType], ...]
    zero_as_null: bool = False

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([mysql_types.field(name, type_) for name, type_ in self.types])

    def expressions(self) -> str:
        """The SELECT list."""
        return ", ".join(mysql_types.expression(name, type_) for name, type_ in self.types)

    def converted(self, columns: Sequence[pa.Array], before: int) -> pa.RecordBatch:
        """What a driver gave as `schema` says. Raises `Fault` TYPE_LOSSY naming column, row and value."""
        schema = self.schema
        arrays = [self._column(array, field, before) for array, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _column(self, array: pa.Array, field: pa.Field, before: int) -> pa.Array:
        try:
            return self._cast(array, field.type)
        except pa.ArrowInvalid:
            at = arrow.first_misfit(array, field.type, self._cast) or 0
        value = array[at].as_py()
        shown = arrow.shown(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
        hint = (
            "; a zero date is none: set zeroDates to null, or leave such rows out"
            if _ZERO[:4] in shown
            else ""
        )
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"Column {field.name!r}, row {before + at + 1} holds {shown}, which is no {arrow.type_words(field.type)}{hint}.",
        )

    def _cast(self, array: pa.Array, type_: pa.DataType) -> pa.Array:
        if array.type == type_:
            return array
        if pa.types.is_binary(type_) or pa.types.is_large_binary(array.type):
            return array.cast(type_)
        texts = array.cast(pa.string()) if pa.types.is_binary(array.type) else array
        if not pa.types.is_string(texts.type):
            return _number(texts, type_)
        if self.zero_as_null and (pa.types.is_date(type_) or pa.types.is_timestamp(type_)):
            texts = pc.if_else(pc.starts_with(texts, _ZERO), pa.scalar(None, pa.string()), texts)
        return _parsed(texts, type_)


def _number(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Typed values of connectorx; a FLOAT came as the double that it is."""
    if pa.types.is_float32(type_):
        return array.cast(type_, safe=False)
    return arrow.cast(array, type_)


def _parsed(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    if pa.types.is_time(type_):
        return _times(texts)
    if pa.types.is_float32(type_):
        return texts.cast(pa.float64()).cast(type_, safe=False)
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        return texts.cast(pa.timestamp("us")).cast(type_)  # the session's zone is UTC
    if pa.types.is_boolean(type_):
        return texts.cast(pa.int8()).cast(type_)
    return arrow.cast(texts, type_)


def _times(texts: pa.Array) -> pa.Array:
    """`HH:MM:SS[.ffffff]` as microseconds of the day; a TIME may also be a span, which is refused."""
    parts = pc.extract_regex(texts, _TIME)
    if parts.null_count > texts.null_count:
        raise pa.ArrowInvalid("not a time")
    hours, minutes, seconds = (pc.struct_field(parts, name).cast(pa.int64()) for name in "hms")
    fraction = pc.utf8_rpad(pc.struct_field(parts, "f"), 6, "0").cast(pa.int64())
    whole = pc.add(pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60), seconds)
    total = pc.add(pc.multiply(whole, 1_000_000), fraction)
    negative = pc.equal(pc.struct_field(parts, "sign"), "-")
    if pc.any(pc.or_(negative, pc.greater(total, _DAY_MICROSECONDS)), min_count=0).as_py():
        raise pa.ArrowInvalid("not within a day")
    return total.cast(pa.time64("us"))


def projection(types: Sequence[tuple[str, MyType]], *, zero_as_null: bool) -> Projection:
    """The projection of columns of these types. Raises `Fault` BAD_DATA for two columns of one name."""
    names = [name for name, _ in types]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Fault(
            FaultCode.BAD_DATA, f"The query gives two columns named {twice[0]!r}; name one of them with AS."
        )
    return Projection(tuple(types), zero_as_null)


def streamed(
    session: Session, select: str, of: Projection, batch_bytes: int, before: int = 0
) -> Iterator[pa.RecordBatch]:
    """The rows of `select` as they arrive, over one connection. Abandoning this ends the connection."""
    cursor = session.connection.cursor(SSCursor)
    try:
        with mysql_errors.faults():
            cursor.execute(select)
        while rows := _chunk(cursor, batch_bytes // 2):
            count = len(rows)
            columns = [pa.array(values, pa.binary()) for values in zip(*rows, strict=True)]
            del rows  # Python's copies are let go before Arrow makes its own
            batch = of.converted(columns, before)
            del columns
            yield batch
            before += count
    finally:
        with contextlib.suppress(Fault):
            _let_go(session, cursor)


def _chunk(cursor: SSCursor, most: int) -> list[tuple[Any, ...]]:
    """The next rows, of about `most` bytes; none at the end."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    with mysql_errors.faults():
        while size < most and len(rows) < BATCH_ROWS:
            row = cursor.read_next()
            if row is None:
                break
            rows.append(row)
            size += sum(map(len, filter(None, row)))
    return rows


def _let_go(session: Session, cursor: SSCursor) -> None:
    """After all rows the connection can go on; with some left it cannot, and is not asked to send them all."""
    result = session.connection._result  # noqa: SLF001  the driver's own close would read what is left
    if result is not None and result.unbuffered_active:
        session.close()
    cursor.connection = None


@dataclass(slots=True)
class Ranges:
    """A table that is read in ranges of `key`: where connectorx connects, and what it selects.

    `where` is the condition on every range, with a leading space; empty where there is none. A failure of connectorx
    may cost half a minute of waiting for a connection, so after `MOST_FAILURES` it is not asked again.
    """

    url: str
    base: str
    key: str
    where: str
    row_limit: int | None
    before_each: tuple[str, ...]
    _failures: int = 0

    def batches(self, session: Session, of: Projection, batch_bytes: int) -> Iterator[pa.RecordBatch]:
        """The table's rows in the key's order; each range is complete in memory before its first batch is given."""
        last: int | None = None
        before, rows = 0, RANGE_ROWS
        while self.row_limit is None or before < self.row_limit:
            left = None if self.row_limit is None else self.row_limit - before
            upper, rows = self._bounded(session, of, last, rows if left is None else min(rows, left))
            if upper is None:
                return
            select = self._select(of, last, upper, left)
            for batch in self._range(session, of, select, batch_bytes, before):
                before += batch.num_rows
                yield batch
            last, rows = upper, min(RANGE_ROWS, rows * 2)

    def _select(self, of: Projection, last: int | None, upper: int, left: int | None) -> str:
        """A whole range, whatever was added to it since it was measured; `left`: rows that the read may still have."""
        where = self._where(last, f"{quote(self.key)} <= {upper}")
        limit = "" if left is None else f" LIMIT {left}"
        return f"SELECT {of.expressions()} FROM {self.base}{where} ORDER BY {quote(self.key)}{limit}"  # noqa: S608  quoted

    def _where(self, last: int | None, *more: str) -> str:
        after = () if last is None else (f"{quote(self.key)} > {last}",)
        return " AND ".join((self.where or " WHERE TRUE", *after, *more))

    def _bounded(
        self, session: Session, of: Projection, last: int | None, rows: int
    ) -> tuple[int | None, int]:
        """The greatest key of the next range, and its rows: fewer than asked where their long values would be too much."""
        long = [f"COALESCE(LENGTH({quote(name)}), 0)" for name, type_ in of.types if type_.is_long]
        size = " + ".join(long) or "0"
        while True:
            rest = f"{self._where(last)} ORDER BY {quote(self.key)} LIMIT {rows}"
            inner = f"SELECT {quote(self.key)} AS k, {size} AS b FROM {self.base}{rest}"  # noqa: S608  quoted
            counted = f"SELECT MAX(k), SUM(b), COUNT(*) FROM ({inner}) AS r"  # noqa: S608  quoted
            (upper, total, found), *_ = session.execute(counted)
            if upper is None:
                return None, rows
            if rows == 1 or int(total) <= RANGE_BYTES:
                return int(upper), rows
            rows = max(1, min(rows // 2, int(found) * RANGE_BYTES // int(total)))

    def _range(
        self, session: Session, of: Projection, select: str, batch_bytes: int, before: int
    ) -> Iterator[pa.RecordBatch]:
        read = self._fast(select)
        if read is None:
            yield from streamed(session, select, of, batch_bytes, before)
            return
        for part in read.to_batches(max_chunksize=BATCH_ROWS):
            yield of.converted(part.columns, before)
            before += part.num_rows

    def _fast(self, select: str) -> pa.Table | None:
        """The range by connectorx; None where it fails, whatever the reason: the other way tells it."""
        if self._failures >= MOST_FAILURES:
            return None
        try:
            return connectorx.read_sql(
                self.url, select, return_type="arrow", pre_execution_query=list(self.before_each)
            )
        except Exception:  # noqa: BLE001  it raises RuntimeError without a code
            self._failures += 1
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":  # else a panic of the Rust side
                raise
            self._failures += 1
        return None
