"""Read MySQL as Arrow over one connection: the server's text, and one checked cast for a column."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import SSCursor

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import mysql_errors, mysql_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.families.sql.mysql_session import Session
    from kaireon_orch.families.sql.mysql_types import MyType

BATCH_ROWS: Final = 20_000

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
