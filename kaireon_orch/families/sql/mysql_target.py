"""Load into MySQL or MariaDB: rows and ledger entry in one InnoDB transaction, one load at a time for each table.

DDL commits by itself in MySQL, so a new table is there, empty, before its rows are. It carries a mark until they are
committed, by which a load that fails removes it, and the next one does where this one was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.contract.load import Committed, LoadMode, TableName
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import (
    mysql_catalog,
    mysql_errors,
    mysql_query,
    mysql_session,
    mysql_types,
    mysql_writing,
)
from kaireon_orch.families.sql.mysql_ledger import MysqlLedger
from kaireon_orch.families.sql.mysql_query import literal, quote

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from kaireon_orch.contract.load import LedgerEntry, TableShape, WritePlan
    from kaireon_orch.contract.source import Opening, Window
    from kaireon_orch.families.sql.mysql_catalog import MyTable
    from kaireon_orch.families.sql.mysql_session import Session

WAIT_SECONDS: Final = 60.0
COUNTED_ROWS: Final = 2_000_000
"""Above so many rows the whole table is not counted after a load: InnoDB reads all of it for that."""

MODE: Final = "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"
MARK: Final = "kaireon-orch: being loaded for the first time"
_POLL_SECONDS: Final = 0.25
_MODES: Final = (LoadMode.APPEND, LoadMode.TRUNCATE)


class MysqlTarget:
    """A database as a target; connects when a load begins."""

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
        return MysqlLoad(session, self._named(table))

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> MysqlLoad:
        """A session that holds the table's lock. Raises `Fault` TABLE_BUSY after a minute of waiting."""
        session = self._held.enter_context(self._session())
        named = self._named(table)
        _settle(session)
        _make_ledger(session, str(named.schema))
        _lock(session, named, cancelled)
        return MysqlLoad(session, named)

    def clean_up(self, table: TableName) -> None:
        """Remove a table that a killed load had made and not filled; not while another load holds it."""
        named = self._named(table)
        with self._session() as session:
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
    waits = f"innodb_lock_wait_timeout = {round(WAIT_SECONDS)}, lock_wait_timeout = {round(WAIT_SECONDS)}"
    session.execute(f"SET SESSION sql_mode = '{MODE}', {waits}")


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


def _about(session: Session, table: TableName) -> tuple[str, str, int] | None:
    """Engine, comment and estimated rows of a table; None where there is none."""
    rows = session.execute(
        "SELECT ENGINE, TABLE_COMMENT, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        (table.schema, table.name),
    )
    return (rows[0][0] or "", rows[0][1] or "", int(rows[0][2] or 0)) if rows else None


def _remove_unfilled(session: Session, table: TableName) -> None:
    found = _about(session, table)
    if found is None or found[1] != MARK:
        return
    name = quote(str(table.schema), table.name)
    if session.execute(f"SELECT 1 FROM {name} LIMIT 1"):  # noqa: S608  quoted
        session.execute(f"ALTER TABLE {name} COMMENT = ''")
    else:
        session.execute(f"DROP TABLE {name}")


class MysqlLoad:
    """One load: DDL first, then a transaction from the first row to the commit."""

    def __init__(self, session: Session, table: TableName) -> None:
        self._session = session
        self._table = table
        self._ledger = MysqlLedger(session, str(table.schema))
        self._known: MyTable | None = None
        self._shape: TableShape | None = None
        self._plan: WritePlan | None = None
        self._undo: list[str] = []
        self._packet = 0
        self._before = 0

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._ledger.find(load_id)

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._ledger.last(pipeline_id, str(self._table)) if self._ledger.exists() else None

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        self._known = mysql_catalog.table(self._session, str(self._table.schema), self._table.name)
        self._shape = None if self._known is None else mysql_catalog.shape(self._known)
        return self._shape

    def prepare(self, plan: WritePlan) -> None:
        """Create or alter the table, begin the transaction, and delete what is replaced."""
        if plan.mode not in _MODES or plan.merges or plan.versions:
            raise Fault(FaultCode.NOT_SUPPORTED, f"This target does not hold the load mode {plan.mode}.")
        self._demand_transactional()
        self._apply(plan)
        self._plan = plan
        (packet,), *_ = self._session.execute("SELECT @@max_allowed_packet")
        self._packet = int(packet) - 1024
        self._session.execute("START TRANSACTION")
        if plan.window is not None and not plan.create:
            self._session.execute(f"DELETE FROM {self._name} WHERE {_within(plan.window, plan.schema)}")  # noqa: S608  quoted
        elif plan.replace and not plan.create:
            self._session.execute(f"DELETE FROM {self._name}")  # noqa: S608  quoted

    def write(self, batch: pa.RecordBatch) -> None:
        """See `contract.target.Load`."""
        if self._plan is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        mysql_writing.demand_storable(batch, self._shape, self._before)
        with mysql_errors.faults(writing=True):
            for statement in mysql_writing.statements(batch, self._name, self._packet):
                self._session.connection.query(statement)
        self._before += batch.num_rows

    def commit(self, entry: LedgerEntry) -> Committed:
        """Write the ledger, commit, and take the mark off a new table."""
        earlier = self._ledger.find(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        if self._plan is None:
            self._session.execute("START TRANSACTION")
        self._ledger.insert(entry)
        rows = self._count()
        committed = self._ledger.find(entry.load_id) or entry
        self._session.execute("COMMIT")
        self._undo.clear()
        if self._plan is not None and self._plan.create:
            with contextlib.suppress(Fault):  # the next load takes it off
                self._session.execute(f"ALTER TABLE {self._name} COMMENT = ''")
        return Committed(committed, rows)

    def abort(self) -> None:
        """Roll back, and undo DDL; a connection that is gone has rolled back, and the next load undoes the rest."""
        undo, self._undo = self._undo, []
        with contextlib.suppress(Fault):
            self._session.execute("ROLLBACK")
            for statement in reversed(undo):
                self._session.execute(statement)

    def _demand_transactional(self) -> None:
        found = _about(self._session, self._table)
        if found is not None and found[0].lower() != "innodb":
            raise Fault(
                FaultCode.TARGET_REFUSED,
                f"The table {self._table} is kept by {found[0] or 'no engine'}, which has no transactions: alter it to InnoDB.",
            )

    def _apply(self, plan: WritePlan) -> None:
        if plan.create:
            columns = ", ".join(_definition(field) for field in plan.schema)
            self._session.execute(
                f"CREATE TABLE {self._name} ({columns}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin "
                f"COMMENT = {literal(MARK)}"
            )
            self._undo.append(f"DROP TABLE {self._name}")
        for column in plan.add:
            self._session.execute(
                f"ALTER TABLE {self._name} ADD COLUMN {_definition(plan.schema.field(column))}"
            )
            self._undo.append(f"ALTER TABLE {self._name} DROP COLUMN {quote(column)}")
        for column in plan.widen:
            self._widen(column, plan)

    def _widen(self, name: str, plan: WritePlan) -> None:
        """Change a column's type; MySQL would forget a default or a counter that the statement does not repeat."""
        known = next(column for column in self._known.columns if column.name == name) if self._known else None
        if known is not None and (known.default not in {None, "NULL"} or known.extra):
            raise Fault(
                FaultCode.TARGET_REFUSED,
                f"Column {name!r} has a default or more and must be wider: alter it by hand.",
            )
        null = "NOT NULL" if known is not None and not known.nullable else "NULL"
        words = mysql_types.native(plan.schema.field(name)).removesuffix(" NULL DEFAULT NULL")
        self._session.execute(f"ALTER TABLE {self._name} MODIFY COLUMN {quote(name)} {words} {null}")

    def _count(self) -> int | None:
        found = _about(self._session, self._table)
        if found is None or found[2] > COUNTED_ROWS:
            return None
        (rows,), *_ = self._session.execute(f"SELECT COUNT(*) FROM {self._name}")  # noqa: S608  quoted
        return int(rows)

    @property
    def _name(self) -> str:
        return quote(str(self._table.schema), self._table.name)


def _definition(field: pa.Field) -> str:
    return f"{quote(field.name)} {mysql_types.native(field)}"


def _within(window: Window, schema: pa.Schema) -> str:
    type_ = schema.field(window.column).type if window.column in schema.names else None
    column = quote(window.column)
    start, end = (mysql_query.constant(edge, type_) for edge in (window.start, window.end))
    return f"{column} >= {start} AND {column} < {end}"
