"""A load's rows on disk until its commit, in a file without a name: nothing of it outlives the process."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

RELATION: Final = "kaireon_spool"
"""What the rows are called in SQL."""

VECTOR_ROWS: Final = 2048
"""DuckDB holds so many values of a column in memory at once, however long they are."""


class Spool:
    """Rows of one schema, to be written once and read as often as is wanted."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by `close`
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_stream(self._file, schema, options=options)
        self.vector_bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. Raises `Fault` TARGET_REFUSED when the disk is full."""
        try:
            self._writer.write_batch(batch)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The disk is full: the rows could not be spooled."
            ) from None
        rows = max(1, batch.num_rows)
        self.vector_bytes = max(self.vector_bytes, batch.nbytes * min(rows, VECTOR_ROWS) // rows)

    @contextmanager
    def registered(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The rows as the relation `RELATION`, to be read once."""
        self._writer.close()
        self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            connection.register(RELATION, reader)
            yield
            connection.unregister(RELATION)

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._file.close()
