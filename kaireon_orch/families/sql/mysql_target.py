"""MySQL or MariaDB as a target: rows and ledger entry in one InnoDB transaction, one load at a time for each table."""

from __future__ import annotations

import contextlib
import hashlib
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.contract.load import TableName, rejects_name
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_execute, mysql_session, mysql_tables, mysql_types
from kaireon_orch.families.sql.mysql_ledger import MysqlLedger
from kaireon_orch.families.sql.mysql_load import MysqlLoad
from kaireon_orch.families.sql.mysql_query import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.sql.mysql_session import Session

WAIT_SECONDS: Final = 60.0
MODE: Final = "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"
_POLL_SECONDS: Final = 0.25


class MysqlTarget:
    """A database as a target; connects when a load begins."""

    folds_case = True

    def __init__(self, opening: Opening[Any]) -> None:
        self._opening = opening
        self._held = ExitStack()
        self._mariadb: bool | None = None

    def stored(self, field: pa.Field) -> pa.Field:
        """See `mysql_types.stored`; the server says which of the two it is."""
        if self._mariadb is None:
            with self._session() as session:
                self._mariadb = session.is_mariadb
        return mysql_types.stored(field, mariadb=self._mariadb)

    def native(self, field: pa.Field) -> str:
        """See `mysql_types.native`."""
        return mysql_types.native(field)

    def look(self, table: TableName) -> MysqlLoad:
        """See `contract.target.Target`."""
        session = self._held.enter_context(self._session())
        session.execute("SET SESSION TRANSACTION READ ONLY")
        return MysqlLoad(session, self._named(table), self._session)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> MysqlLoad:
        """A session that holds the table's lock. Raises `Fault` TABLE_BUSY after a minute of waiting."""
        session = self._held.enter_context(self._session())
        named = self._named(table)
        _settle(session)
        _make_ledger(session, str(named.schema))
        _lock(session, named, cancelled)
        _remove_unfilled(session, named)  # of a load that died while this one waited
        return MysqlLoad(session, named, self._session)

    def execute(self, script: str, cancelled: Callable[[], bool]) -> None:
        """See `contract.target.Executing`."""
        del cancelled  # the server hears of it when the connection ends
        mysql_execute.execute(self._opening, script)

    def clean_up(self, table: TableName) -> None:
        """Remove a table that a killed load had made and not filled; not while another load holds it."""
        named = self._named(table)
        with self._session() as session:
            _settle(session)
            if _try_lock(session, named):
                _remove_unfilled(session, named)

    def close(self) -> None:
        """End the connections; what was not committed is gone, and so are the locks."""
        self._held.close()

    def _session(self) -> contextlib.AbstractContextManager[Session]:
        return mysql_session.connected(self._opening)

    def _named(self, table: TableName) -> TableName:
        return TableName(table.schema or self._opening.config.database, table.name)


def _settle(session: Session) -> None:
    """A load's own terms, whatever the server's are: strict, its transaction isolated so that gaps are locked too."""
    waits = f"innodb_lock_wait_timeout = {round(WAIT_SECONDS)}, lock_wait_timeout = {round(WAIT_SECONDS)}"
    session.execute(f"SET SESSION sql_mode = '{MODE}', sql_safe_updates = 0, {waits}")
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _make_ledger(session: Session, database: str) -> None:
    known = session.execute("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (database,))
    if not known:
        session.execute(f"CREATE DATABASE IF NOT EXISTS {quote(database)} CHARACTER SET utf8mb4")
    ledger = MysqlLedger(session, database)
    if not ledger.exists():
        ledger.create()


def _lock_name(table: TableName) -> str:
    """GET_LOCK takes 64 characters, and its names are the server's, not a database's."""
    return "kaireon " + hashlib.sha256(str(table).encode()).hexdigest()[:40]


def _try_lock(session: Session, table: TableName) -> bool:
    (taken,), *_ = session.execute("SELECT GET_LOCK(%s, 0)", (_lock_name(table),))
    return str(taken) == "1"


def _lock(session: Session, table: TableName, cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not _try_lock(session, table):
        if cancelled():
            raise Fault(FaultCode.CANCELED, "The run was canceled while it waited for the table.")
        if time.monotonic() > deadline:
            raise Fault(
                FaultCode.TABLE_BUSY, "Another run is loading this table; try again when it has ended."
            )
        time.sleep(_POLL_SECONDS)


def _remove_unfilled(session: Session, table: TableName) -> None:
    for each in (table, rejects_name(table)):
        mysql_tables.remove_unfilled(session, each)
