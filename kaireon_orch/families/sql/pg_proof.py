"""Rows of a PostgreSQL table as Arrow, over the very connection whose transaction wrote them.

They come as COPY's CSV, in which NULL and an empty text differ, with whatever CSV could change told as numbers.
"""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.csv as pc
from psycopg import sql

from kaireon_orch.contract.proof import Form
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Copy

    from kaireon_orch.contract.load import TableShape, WritePlan
    from kaireon_orch.families.sql.pg_catalog import Connection

BLOCK_BYTES: Final = 32 << 20
"""A row must fit into one; bytes are twice as long on their way."""

_PADDED: Final = "character("
_MICROSECONDS: Final = "round(extract(epoch from {0}) * 1000000)::bigint"


def forms(plan: WritePlan, shape: TableShape | None) -> dict[str, Form]:
    """How columns are compared that are not by value: `jsonb` keeps no spelling, other types spell a text their way."""
    found = {each.name: _form(each, _words(each.name, shape)) for each in plan.schema}
    return {name: form for name, form in found.items() if form is not Form.VALUE}


def _words(name: str, shape: TableShape | None) -> str | None:
    """The type of a column that is there."""
    column = None if shape is None else shape.column(name)
    return None if column is None else column.native


def _form(field: pa.Field, words: str | None) -> Form:
    meaning = arrow.tag(field)
    if meaning == arrow.DECIMAL_TAG:
        return Form.NUMBER
    if isinstance(field.type, pa.JsonType):
        made = words or (meaning or "").rpartition(".")[2]
        return Form.VALUE if made == "json" else Form.NULLS
    if meaning is not None or pa.types.is_nested(field.type):
        return Form.NULLS
    padded = pa.types.is_string(field.type) and (words or "").startswith(_PADDED)
    return Form.UNPADDED if padded else Form.VALUE


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Columns of `schema`, compared as `forms` says."""

    schema: pa.Schema
    forms: Mapping[str, Form]

    def batches(self, connection: Connection, rows: str) -> Iterator[pa.RecordBatch]:
        """The rows of `rows`, a quoted table and what follows it. psycopg's errors pass through.

        Raises `Fault` NOT_SUPPORTED for a row that is longer than `BLOCK_BYTES`.
        """
        columns = ", ".join(f"{self._expression(each)} AS {quote(each.name)}" for each in self.schema)
        statement = sql.SQL(f"COPY (SELECT {columns} FROM {rows}) TO STDOUT (FORMAT CSV, HEADER)")  # noqa: S608  quoted
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            yield from self._parsed(copy)

    def _parsed(self, copy: Copy) -> Iterator[pa.RecordBatch]:
        try:
            stream = io.BufferedReader(_CopyBytes(copy), BLOCK_BYTES)
            with closing(pc.open_csv(stream, *self._options())) as reader:
                for batch in reader:
                    yield self._typed(batch)
        except pa.ArrowInvalid:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                "The load was not committed: a row is too long to be read back; run without verify.",
            ) from None

    def _options(self) -> tuple[pc.ReadOptions, pc.ParseOptions, pc.ConvertOptions]:
        types = {each.name: self._on_wire(each) for each in self.schema}
        return (
            pc.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            pc.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            pc.ConvertOptions(
                column_types=types,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )

    def _typed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = [self._column(array, each) for array, each in zip(batch.columns, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, names=self.schema.names)

    def _column(self, array: pa.Array, field: pa.Field) -> pa.Array:
        if field.name in self.forms and self.forms[field.name] is Form.NULLS:
            return array
        if _is_binary(field.type):
            return pa.array(
                [None if text is None else bytes.fromhex(text) for text in array.to_pylist()], pa.binary()
            )
        if pa.types.is_timestamp(field.type):
            return array.cast(pa.timestamp("us", field.type.tz)).cast(field.type)
        if pa.types.is_time(field.type):
            return array.cast(pa.time64("us")).cast(field.type)
        return arrow.cast(array, field.type)

    def _expression(self, field: pa.Field) -> str:
        column = quote(field.name)
        if self.forms.get(field.name) is Form.NULLS:
            return f"CASE WHEN {column} IS NOT NULL THEN 0 END"
        if _is_binary(field.type):
            return f"encode({column}, 'hex')"
        if pa.types.is_date(field.type):
            return f"{column} - DATE '1970-01-01'"
        if pa.types.is_timestamp(field.type) or pa.types.is_time(field.type):
            return _MICROSECONDS.format(column)
        return column

    def _on_wire(self, field: pa.Field) -> pa.DataType:
        type_ = field.type
        if self.forms.get(field.name) is Form.NULLS:
            return pa.int8()
        if pa.types.is_date(type_):
            return pa.int32()
        if pa.types.is_timestamp(type_) or pa.types.is_time(type_):
            return pa.int64()
        plain = pa.types.is_boolean(type_) or pa.types.is_integer(type_) or pa.types.is_floating(type_)
        return type_ if plain or pa.types.is_decimal(type_) else pa.string()


def _is_binary(type_: pa.DataType) -> bool:
    return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


class _CopyBytes(io.RawIOBase):
    """An open COPY as a file to be read."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  a buffer of any kind
        while not self._left:
            part = self._copy.read()
            if not part:
                return 0
            self._left = memoryview(part)
        taken = min(len(buffer), len(self._left))
        buffer[:taken], self._left = self._left[:taken], self._left[taken:]
        return taken
