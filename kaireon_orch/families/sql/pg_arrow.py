"""A connection that reads PostgreSQL as Arrow, by ADBC's own objects.

Its DB-API would do as well, but imports pyarrow.dataset, and pandas and polars wherever they are installed: half a
second of every run's start.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions

if TYPE_CHECKING:
    from collections.abc import Generator


class ArrowConnection:
    """One connection in a transaction.

    What fails raises `adbc_driver_manager.Error`; in the middle of the rows OSError or `pyarrow.ArrowInvalid`.
    """

    def __init__(self, conninfo: str) -> None:
        self._open = ExitStack()
        self._database = adbc_driver_postgresql.connect(conninfo)
        try:
            self._connection = adbc_driver_manager.AdbcConnection(self._database)
        except adbc_driver_manager.Error:
            self._database.close()
            raise
        self._connection.set_autocommit(enabled=False)

    def execute(self, statement: str) -> None:
        """Run a statement that gives no rows."""
        with adbc_driver_manager.AdbcStatement(self._connection) as prepared:
            prepared.set_sql_query(statement)
            prepared.execute_update()

    def select(self, query: str, batch_bytes: int) -> Generator[pa.RecordBatch, None, None]:
        """The query's rows in batches of about so many bytes; it is sent when the first is asked for."""
        with self._open as held:
            prepared = held.enter_context(adbc_driver_manager.AdbcStatement(self._connection))
            prepared.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(batch_bytes)})
            prepared.set_sql_query(query)
            stream, _ = prepared.execute_query()
            yield from held.enter_context(pa.RecordBatchReader.from_stream(stream))

    def rollback(self) -> None:
        """End the transaction; a connection that is lost says so here."""
        self._connection.rollback()

    def close(self) -> None:
        """Close it, and a read that was left in the middle; its transaction ends with it."""
        self._open.close()
        self._connection.close()
        self._database.close()
