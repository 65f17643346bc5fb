"""One `COPY … FROM STDIN`: bytes that the caller has in the right form."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg


class CopyStream:
    """An open COPY into `into`, a quoted name with its columns. psycopg's errors pass through."""

    def __init__(self, connection: psycopg.Connection[Any], into: str) -> None:
        self._held = ExitStack()
        self._cursor = self._held.enter_context(connection.cursor())
        statement = sql.SQL(f"COPY {into} FROM STDIN (FORMAT BINARY)")
        self._copied = self._held.enter_context(ExitStack())
        self._copy = self._copied.enter_context(self._cursor.copy(statement))

    def write(self, part: bytes | memoryview) -> None:
        """Send a part, cut anywhere."""
        self._copy.write(part)

    def finish(self) -> int:
        """End it; the rows that the server took. Its refusal of a row is raised here at the latest."""
        with self._held.pop_all():
            self._copied.close()
            return self._cursor.rowcount

    def drop(self) -> None:
        """End it without its rows."""
        held, self._held = self._held, ExitStack()
        dropped = _Dropped()
        try:
            with held:
                raise dropped
        except _Dropped:
            pass


class _Dropped(Exception):
    """Tells the COPY that it failed, so that the server forgets its rows."""
