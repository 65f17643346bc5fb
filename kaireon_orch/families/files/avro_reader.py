"""One Avro container file, its records turned into columns some thousand at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fastavro
import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.avro_container import Container
from kaireon_orch.families.files.avro_types import AvroColumn, column, named_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BATCH_RECORDS: Final = 4_096
BATCH_BYTES: Final = 8 << 20
_UNREADABLE: Final = (
    EOFError, ValueError, TypeError, KeyError, IndexError, OverflowError, UnicodeDecodeError, AssertionError,
    ArithmeticError, fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, RecursionError,
)  # fmt: skip
"""What the decoder raises about bytes that do not follow their schema; it has no class of its own for that."""


@dataclass(slots=True)
class AvroFile:
    """`typed_set.TypedFile` for Avro."""

    opened: Callable[[], BinaryIO]
    name: str
    _columns: list[AvroColumn] | None = None
    _alike: Any = field(default=None)

    def schema(self) -> pa.Schema:
        """The record's fields. Raises `Fault` BAD_DATA, NOT_SUPPORTED where the file's values are no records."""
        if self._columns is None:
            with self.opened() as stream:
                self._columns = self._described(Container(stream, self.name).schema)
        return pa.schema([each.field for each in self._columns])

    def source_types(self) -> Mapping[str, str]:
        return {each.field.name: each.words for each in self._columns or ()}

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records. Raises `Fault` BAD_DATA naming the records that do not decode."""
        schema, done = self.schema(), 0
        with self.opened() as stream:
            container = Container(stream, self.name)
            records = self._records(container.plain(self._alike))
            while group := self._decoded(records, container, done):
                yield self._batch(group, schema, done)
                done += len(group)

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        rows = 0
        for batch in self.batches():
            rows += batch.num_rows
            if not going_on():
                return rows, False
        return rows, True

    def _described(self, schema: Any) -> list[AvroColumn]:  # noqa: ANN401  an Avro schema is any JSON
        if not isinstance(schema, dict) or schema.get("type") != "record":
            raise Fault(FaultCode.NOT_SUPPORTED, f"{self.name} holds no records, so it has no columns.")
        try:
            named = named_types(schema)
            columns = [column(each["name"], each["type"], named) for each in schema["fields"]]
        except (KeyError, TypeError, RecursionError):
            raise Fault(FaultCode.BAD_DATA, f"{self.name} has a schema that is none of Avro's.") from None
        fields = [{**each, "type": own.alike} for each, own in zip(schema["fields"], columns, strict=True)]
        self._alike = {**schema, "fields": fields}
        return columns

    def _records(self, plain: BinaryIO) -> Iterator[Any]:
        try:
            return iter(fastavro.reader(plain))
        except _UNREADABLE:
            raise Fault(FaultCode.BAD_DATA, f"{self.name} has a schema that is none of Avro's.") from None

    def _decoded(self, records: Iterator[Any], container: Container, done: int) -> list[Any]:
        try:
            return _group(records, container)
        except _UNREADABLE:
            raise Fault(
                FaultCode.BAD_DATA,
                f"{self.name}: a record after number {done} does not follow the file's schema.",
            ) from None

    def _batch(self, group: list[Any], schema: pa.Schema, done: int) -> pa.RecordBatch:
        arrays = []
        for each in self._columns or ():
            values = [record[each.field.name] for record in group]
            made = _made(each, values)
            if made is None:
                at = _first_unfit(each, values)
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"Column {each.field.name!r}, row {done + at + 1}: {arrow.shown(values[at])} is no {each.words}.",
                )
            arrays.append(made)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _group(records: Iterator[Any], container: Container) -> list[Any]:
    """The next records, together about `BATCH_BYTES` at most."""
    group: list[Any] = []
    size = 0
    for record in islice(records, BATCH_RECORDS):
        group.append(record)
        size += container.record_bytes
        if size >= BATCH_BYTES:
            break
    return group


def _made(column: AvroColumn, values: list[Any]) -> pa.Array | None:
    """The values as an array; None where one does not fit."""
    try:
        return column.make(values)
    except (pa.ArrowException, ValueError, OverflowError):
        return None


def _first_unfit(column: AvroColumn, values: list[Any]) -> int:
    start, length = 0, len(values)
    while length > 1:
        half = length // 2
        if _made(column, values[start : start + half]) is None:
            length = half
        else:
            start, length = start + half, length - half
    return start
