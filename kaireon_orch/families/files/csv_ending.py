"""Whether a delimited text file ends between two rows: a parser takes an open quote at its end for a closed one.

One row of NULLs is put behind the file's own. It arrives as it went in, or a quote that was open has swallowed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.csv_dialect import codec

if TYPE_CHECKING:
    from typing import BinaryIO

    import pyarrow as pa

    from kaireon_orch.families.files.csv_dialect import Dialect


class Ended:
    """`stream` with a line end after its last line, and then `row`. A stream without a byte stays so."""

    def __init__(self, stream: BinaryIO, row: bytes | None) -> None:
        self._stream = stream
        self._row = row
        self._last = b""
        self.closed = False
        self.appended = False

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end only: the parser takes what it gets for a block."""
        data = self._filled(size)
        self._last = data[-1:] or self._last
        ending = self._ending()
        if len(data) + len(ending) > size:
            return data
        self.appended = self.appended or bool(ending)
        return data + ending

    def _filled(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._stream.read(size - len(data))):
            data = data + more if data else more
        return data

    def _ending(self) -> bytes:
        if self._row is None or self.appended or not self._last:
            return b""
        return (b"" if self._last in b"\r\n" else b"\n") + self._row

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Whoever opened the stream closes it."""
        self.closed = True


def null_row(dialect: Dialect, columns: int) -> bytes | None:
    """A row of NULLs; None where the dialect cannot write one, or a line end is no single byte in its encoding.

    Raises `Fault` BAD_DATA for an unknown encoding.
    """
    text = "" if "" in dialect.null_values else next(iter(dialect.null_values), None)
    if text is None or any(
        each in text for each in (dialect.delimiter, dialect.quote_char, "\r", "\n") if each
    ):
        return None
    row = dialect.delimiter.join([text] * columns) + "\n"
    return row.encode() if row.encode(codec(dialect.encoding), "replace") == row.encode() else None


def without_null_row(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The file's last batch as it was. Raises `Fault` BAD_DATA where its last value has no end."""
    if any(column[-1].is_valid for column in batch.columns):
        raise Fault(
            FaultCode.BAD_DATA, "The file ends inside a value: a quote is not closed, or it was cut off."
        )
    return batch.slice(0, batch.num_rows - 1)
