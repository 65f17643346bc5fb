"""Read delimited text as Arrow batches in constant memory, with types that change no value."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import pyarrow as pa
from pyarrow import csv as pa_csv

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.csv_dialect import BLOCK_BYTES, LARGE_BLOCK_BYTES
from kaireon_orch.families.files.csv_ending import Ended, null_row, without_null_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from typing import BinaryIO

    from kaireon_orch.families.files.csv_dialect import Dialect
    from kaireon_orch.families.files.csv_types import FoundType

T = TypeVar("T")

_EVERYTHING: Final = 1 << 62


@dataclass(slots=True)
class CsvFile:
    """One file: `open` gives its unpacked bytes from the start, each time anew."""

    open: Callable[[], BinaryIO]
    dialect: Dialect
    name: str = ""
    _block: int = BLOCK_BYTES
    _invalid: list[pa_csv.InvalidRow] = field(default_factory=list)

    def names(self) -> list[str]:
        """The column names: the header's, `column_<n>` where it has none. Raises `Fault` BAD_DATA."""
        with self.open() as stream:
            try:
                row = None if null_row(self.dialect, 1) is None else b""
                reader = pa_csv.open_csv(
                    Ended(stream, row), self.dialect.read_options(self._block), self._parse_options(0)
                )
                shown = list(reader.schema.names) if self.dialect.header else [""] * len(reader.schema)
            except (pa.ArrowInvalid, UnicodeDecodeError):  # names are decoded when they are looked at
                raise self._unreadable() from None
        names = [name or f"column_{at}" for at, name in enumerate(shown, start=1)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Fault(FaultCode.BAD_DATA, f"The header names a column twice: {', '.join(twice[:5])}")
        return names

    def survey(self, found: Mapping[str, FoundType], row_limit: int | None) -> int:
        """Show every row that will be read to `found`; the number of rows. Raises `Fault` BAD_DATA."""
        names = self._widely(self.names)
        return self._widely(lambda: self._surveyed(names, found, row_limit))

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        """The rows, at most `row_limit`. Raises `Fault` BAD_DATA naming row, column and value."""
        types = {name: _wire(type_) for name, type_ in zip(schema.names, schema.types, strict=True)}
        done = 0
        try:
            for batch in self._texts(schema.names, types, row_limit):
                yield _typed(batch, schema)
                done += batch.num_rows
        except pa.ArrowInvalid:
            raise self._blame(schema, done) from None

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        """Rows that parse, and whether that is all of them; `going_on` is asked after each block.

        Once it says no, an error is only the ragged end of what was in time.
        """
        names, rows = self.names(), 0
        try:
            for batch in self._texts(names, dict.fromkeys(names, pa.binary()), None):
                rows += batch.num_rows
                if not going_on():
                    return rows, False
        except (pa.ArrowInvalid, Fault) as error:
            if rows and not going_on():
                return rows, False
            raise (error if isinstance(error, Fault) else self._unreadable()) from None
        return rows, True

    def _widely(self, look: Callable[[], T]) -> T:
        """What `look` gives; where it fails, once more with blocks that hold longer rows."""
        try:
            return look()
        except Fault as fault:
            if self._block == LARGE_BLOCK_BYTES or self._invalid or fault.fault is not FaultCode.BAD_DATA:
                raise
            self._block = LARGE_BLOCK_BYTES
        return look()

    def _surveyed(self, names: list[str], found: Mapping[str, FoundType], row_limit: int | None) -> int:
        types = {name: pa.string() if name in found else pa.binary() for name in names}
        rows = 0
        try:
            for batch in looked_at(self._texts(names, types, row_limit), lambda batch: _see(found, batch)):
                rows += batch.num_rows
        except pa.ArrowInvalid:
            raise self._blame(pa.schema([(name, pa.string()) for name in names]), 0) from None
        return rows

    def _texts(
        self, names: list[str], types: Mapping[str, pa.DataType], row_limit: int | None
    ) -> Iterator[pa.RecordBatch]:
        left = _EVERYTHING if row_limit is None else row_limit
        self._invalid.clear()
        held: pa.RecordBatch | None = None
        with self.open() as stream:
            ended = Ended(stream, null_row(self.dialect, len(names)))
            for batch in self._reader(ended, names, types):
                if held is not None:
                    yield held
                    left -= held.num_rows
                held = batch if batch.num_rows else None
                if batch.num_rows > left:
                    break
            if held is not None and ended.appended and held.num_rows <= left:
                held = without_null_row(held)
            if held is not None:
                yield held.slice(0, left)

    def _reader(
        self, stream: Ended, names: list[str], types: Mapping[str, pa.DataType]
    ) -> pa_csv.CSVStreamingReader:
        return pa_csv.open_csv(
            stream,
            self.dialect.read_options(self._block, names),
            self._parse_options(len(names)),
            self.dialect.convert_options(types),
        )

    def _parse_options(self, columns: int) -> pa_csv.ParseOptions:
        return self.dialect.parse_options(columns, self._note_invalid)

    def _note_invalid(self, row: pa_csv.InvalidRow) -> str:
        self._invalid.append(row)
        return "error"

    def _blame(self, schema: pa.Schema, done: int) -> Fault:
        """Read again, as bytes, to say which value it was; only a failed read pays for it."""
        row = 0
        try:
            for batch in self._texts(schema.names, dict.fromkeys(schema.names, pa.binary()), None):
                if row + batch.num_rows > done:
                    fault = _misfit(batch, schema, row)
                    if fault is not None:
                        return fault
                row += batch.num_rows
        except pa.ArrowInvalid:
            pass
        return self._unreadable()

    def _unreadable(self) -> Fault:
        if self._invalid:
            row = self._invalid[0]
            where = "" if row.number is None else f" {row.number}"
            return Fault(
                FaultCode.BAD_DATA,
                f"Line{where} has {row.actual_columns} fields where {row.expected_columns} are expected: "
                "check delimiter, quoteChar and skipRows.",
            )
        return Fault(
            FaultCode.BAD_DATA,
            "The file does not parse as CSV: it is empty, a quote is not closed, a row is longer than 16 MiB, or its "
            "characters are not in the encoding that was given.",
        )


def looked_at(
    batches: Iterator[pa.RecordBatch], look: Callable[[pa.RecordBatch], None]
) -> Iterator[pa.RecordBatch]:
    """The batches; while one is read, another thread has a `look` at the one before."""
    with ThreadPoolExecutor(1, "kaireon-look") as pool:
        looking: Future[None] | None = None
        for batch in batches:
            if looking is not None:
                looking.result()
            looking = pool.submit(look, batch)
            yield batch
        if looking is not None:
            looking.result()


def _see(found: Mapping[str, FoundType], batch: pa.RecordBatch) -> None:
    for name, column in found.items():
        column.see(batch.column(name))


def _wire(type_: pa.DataType) -> pa.DataType:
    return pa.string() if isinstance(type_, pa.BaseExtensionType) or pa.types.is_decimal256(type_) else type_


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [arrow.cast(column, type_) for column, type_ in zip(batch.columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _misfit(batch: pa.RecordBatch, schema: pa.Schema, before: int) -> Fault | None:
    for name, type_, column in zip(schema.names, schema.types, batch.columns, strict=True):
        broken = arrow.first_misfit(column, pa.string())
        if broken is not None:
            return Fault(
                FaultCode.BAD_DATA,
                f"Column {name!r}, row {before + broken + 1}: the bytes are no text in the encoding that was given.",
            )
        texts = column.cast(pa.string())
        wrong = arrow.first_misfit(texts, type_)
        if wrong is not None:
            return Fault(
                FaultCode.BAD_DATA,
                f"Column {name!r}, row {before + wrong + 1}: {arrow.shown(texts[wrong].as_py())} is no "
                f"{arrow.type_words(type_)}.",
            )
    return None
