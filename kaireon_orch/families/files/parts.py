"""Rows into Parquet files of bounded size, row groups of about 120,000 rows, every byte on the disk before it counts."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP_ROWS: Final = 122_880
GROUP_BYTES: Final = 32 << 20
PART_BYTES: Final = 512 << 20
SAMPLE_ROWS: Final = 32_768
_LAST_MILLISECOND: Final = 10**13 - 1
REPEATS: Final = 4
"""A column whose values come so many times each, on average, is written by a dictionary; others only lose time by one."""


@dataclass(frozen=True, slots=True)
class Part:
    """One written file: its name in the folder, its rows, its size in bytes."""

    name: str
    rows: int
    bytes: int


@dataclass(slots=True)
class PartWriter:
    """Writes `<prefix>-00000.parquet` and so on into `folder`. Raises `Fault` TARGET_REFUSED when the disk is full."""

    folder: Path
    prefix: str
    schema: pa.Schema
    parts: list[Part] = field(default_factory=list)
    _held: list[pa.RecordBatch] = field(default_factory=list)
    _rows: int = 0
    _bytes: int = 0
    _file: BinaryIO | None = None
    _writer: pq.ParquetWriter | None = None
    _part_rows: int = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows; a row group is written whenever enough of them wait."""
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._write_group()

    def finish(self) -> list[Part]:
        """Write what waits and close; all the files, each synced."""
        if self._held:
            self._write_group()
        self._close_part()
        return self.parts

    def empty_part(self) -> Part:
        """A file without rows, so that readers find the columns of an empty table."""
        with _disk():
            self._opened(self.schema.empty_table())
            self._close_part()
        return self.parts[-1]

    def abort(self) -> None:
        """Let go of the open file; safe to call twice."""
        self._held.clear()
        writer, self._writer = self._writer, None
        file, self._file = self._file, None
        if writer is not None and file is not None:
            # The writer would try to finish its file once more when it is collected.
            with suppress(OSError):
                writer.close()
            file.close()

    def _write_group(self) -> None:
        table = pa.Table.from_batches(self._held, self.schema)
        self._held.clear()
        self._rows = self._bytes = 0
        with _disk():
            writer = self._opened(table)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            self._part_rows += table.num_rows
        if self._file is not None and self._file.tell() >= PART_BYTES:
            self._close_part()

    def _opened(self, table: pa.Table) -> pq.ParquetWriter:
        """The part's writer; a new one takes its dictionaries from the first rows."""
        if self._writer is None:
            self._file = (self.folder / self._name()).open("xb")
            self._writer = pq.ParquetWriter(
                pa.PythonFile(self._file, mode="w"),
                self.schema,
                compression="zstd",
                version="2.6",
                write_page_checksum=True,
                use_dictionary=repeating(table.slice(0, SAMPLE_ROWS)),
            )
            self._part_rows = 0
        return self._writer

    def _name(self) -> str:
        return f"{self.prefix}-{len(self.parts):05d}.parquet"

    def _close_part(self) -> None:
        if self._writer is None or self._file is None:
            return
        with _disk():
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            size = self._file.tell()
            self._file.close()
        self.parts.append(Part(self._name(), self._part_rows, size))
        self._writer = self._file = None


def part_prefix() -> str:
    """What one writer's files are called: newer ones sort first.

    Readers that take a folder's columns from its first file then see all that it has come to have.
    """
    age = _LAST_MILLISECOND - time.time_ns() // 1_000_000
    return f"part-{age:013d}-{uuid.uuid4().hex[:16]}"


def repeating(sample: pa.Table) -> list[str]:
    """The flat columns of a sample whose values come again and again."""
    return [name for name in sample.schema.names if _repeats(sample.column(name))]


def _repeats(column: pa.ChunkedArray) -> bool:
    extended = isinstance(column.type, pa.BaseExtensionType)
    plain = column.cast(column.type.storage_type) if extended else column
    if pa.types.is_nested(plain.type) or pa.types.is_boolean(plain.type) or pa.types.is_null(plain.type):
        return False
    return bool(pc.count_distinct(plain).as_py() * REPEATS <= len(plain))


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise Fault(
            FaultCode.TARGET_REFUSED, "The files cannot be written: check disk space and rights."
        ) from None
