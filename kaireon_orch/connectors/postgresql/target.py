"""Load into PostgreSQL: everything in one transaction, rows by binary COPY, one load at a time for each table."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import psycopg
import pyarrow as pa
from psycopg import sql

from kaireon_orch.connectors.postgresql.merging import Settling
from kaireon_orch.contract.load import (
    LEDGER_TABLE,
    REJECTS_SCHEMA,
    Committed,
    LedgerEntry,
    LoadMode,
    Misfit,
    Rejects,
    TableName,
    TableShape,
    WritePlan,
    rejects_name,
)
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import ledger, merge, pg_catalog, pg_copy, pg_session, pg_types, rejects
from kaireon_orch.families.sql.cursors import window_condition
from kaireon_orch.families.sql.identifiers import quote, quote_all
from kaireon_orch.families.sql.ledger import LedgerSql
from kaireon_orch.families.sql.merge import Merge
from kaireon_orch.families.sql.pg_copy import CopyWriter
from kaireon_orch.families.sql.pg_swap import Swap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kaireon_orch.connectors.postgresql.spec import PostgresqlConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.sql.pg_catalog import Connection

DEFAULT_SCHEMA: Final = "public"
WAIT_SECONDS: Final = 60.0
COUNTED_ROWS: Final = 5_000_000
"""Above so many rows the whole table is not counted after a load: that would take longer than many loads."""

STAGE: Final = "kaireon_stage"
_LEDGER_LOCK: Final = "kaireon ledger"
_POLL_SECONDS: Final = 0.25
_MONITORED_SINCE: Final = 140_000
_UTC: Final = """to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def open_target(opening: Opening[PostgresqlConfig]) -> PostgresqlTarget:
    """The database as a target; connects when a load begins."""
    return PostgresqlTarget(opening)


class PostgresqlTarget:
    """A PostgreSQL database as a target."""

    def __init__(self, opening: Opening[PostgresqlConfig]) -> None:
        self._opening = opening
        self._held = ExitStack()

    def stored(self, field: pa.Field) -> pa.Field:
        """See `pg_types.stored`."""
        return pg_types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `pg_types.native`."""
        return pg_types.native(field)

    def look(self, table: TableName) -> PostgresqlLoad:
        """See `contract.target.Target`."""
        connection = self._held.enter_context(pg_session.connected(self._opening))
        with pg_session.faults():
            connection.execute("SET default_transaction_read_only = on")
        return PostgresqlLoad(connection, self._named(table))

    def _named(self, table: TableName) -> TableName:
        return TableName(table.schema or self._opening.config.schema_ or DEFAULT_SCHEMA, table.name)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> PostgresqlLoad:
        """A transaction that holds the table's lock. Raises `Fault` TABLE_BUSY after a minute of waiting."""
        connection = self._held.enter_context(pg_session.connected(self._opening))
        named = self._named(table)
        with pg_session.faults():
            _settle(connection)
            _make_ledger(connection, _ledger_sql(named), cancelled)
            connection.autocommit = False
            _lock(connection, f"kaireon table {named}", cancelled)
        return PostgresqlLoad(connection, named)

    def clean_up(self, table: TableName) -> None:
        """Nothing outlives a load: its rows and its staging table are in one transaction."""

    def close(self) -> None:
        """Close the load's connection; what it did not commit is gone."""
        self._held.close()


def _ledger_sql(table: TableName) -> LedgerSql:
    return LedgerSql(table.schema or DEFAULT_SCHEMA, "%s", _UTC, "clock_timestamp()")


def _settle(connection: Connection) -> None:
    """A load may take long and wait for its source; a server that limits others' sessions does not end it."""
    settings = {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": f"{round(WAIT_SECONDS * 1000)}",
        "TimeZone": "UTC",
    }
    if connection.info.server_version >= _MONITORED_SINCE:
        settings["client_connection_check_interval"] = "5s"  # a dead loader's long statement ends by itself
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _lock(connection: Connection, name: str, cancelled: Callable[[], bool]) -> None:
    """Take the transaction's advisory lock of that name."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        row = connection.execute(_TRY_LOCK, (name,)).fetchone()
        if row is not None and row[0]:
            return
        if cancelled():
            raise Fault(FaultCode.CANCELED, "The run was canceled while it waited for the table.")
        if time.monotonic() > deadline:
            raise Fault(
                FaultCode.TABLE_BUSY, "Another run is loading this table; try again when it has ended."
            )
        time.sleep(_POLL_SECONDS)


def _make_ledger(connection: Connection, statements: LedgerSql, cancelled: Callable[[], bool]) -> None:
    """Make schema and ledger before the load, on their own: two first loads into a schema must not wait for another."""
    if pg_catalog.relation(connection, statements.schema, LEDGER_TABLE) is not None:
        return
    with connection.transaction():
        _lock(connection, f"{_LEDGER_LOCK} {statements.schema}", cancelled)
        if not connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (statements.schema,)
        ).fetchone():
            connection.execute(_sql(f"CREATE SCHEMA {quote(statements.schema)}"))
        connection.execute(_sql(statements.create()))


def _sql(text: str) -> sql.SQL:
    """Names in `text` are quoted by `identifiers.quote`; values never are in it."""
    return sql.SQL(text)


class PostgresqlLoad:
    """One load: a transaction from its beginning to its commit."""

    def __init__(self, connection: Connection, table: TableName) -> None:
        self._connection = connection
        self._table = table
        self._ledger = _ledger_sql(table)
        self._copy: CopyWriter | None = None
        self._plan: WritePlan | None = None
        self._shape: TableShape | None = None
        self._rejects: Rejects | None = None
        self._swap: Swap | None = None
        self._written = 0

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._entry(self._ledger.find(), (load_id,))

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        with pg_session.faults():
            if pg_catalog.relation(self._connection, self._ledger.schema, LEDGER_TABLE) is None:
                return None
        return self._entry(self._ledger.last(), (pipeline_id, str(self._table)))

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        with pg_session.faults():
            oid = pg_catalog.relation(self._connection, self._ledger.schema, self._table.name)
            self._shape = None if oid is None else pg_catalog.shape(self._connection, oid)
            return self._shape

    def prepare(self, plan: WritePlan) -> None:
        """Create or alter the table, empty it where rows are replaced, and open the COPY."""
        with pg_session.faults():
            self._plan = self._known(plan)
            self._begin_swap(self._plan)
            self._apply(self._plan)
            into, wire = self._into(self._plan), self._wire(self._plan)
            self._copy = CopyWriter(self._connection, into, wire, self._limits())

    def _limits(self) -> dict[str, int]:
        columns = () if self._shape is None else self._shape.columns
        return {column.name: column.max_length for column in columns if column.max_length is not None}

    def misfits(self, batch: pa.RecordBatch) -> list[Misfit]:
        """See `contract.target.Quarantining`."""
        return list(pg_copy.misfits(batch, self._limits()))

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def write(self, batch: pa.RecordBatch) -> None:
        """See `contract.target.Load`."""
        with pg_session.faults():
            copy, plan = self._opened()
            copy.write(merge.numbered(batch, self._written) if _meets(plan) else batch)
            self._written += batch.num_rows

    def commit(self, entry: LedgerEntry) -> Committed:
        """End the COPY, cast what was staged, write the ledger, commit."""
        with pg_session.faults():
            if self._copy is not None and self._plan is not None:
                self._copy.finish()
                entry = self._settled(self._plan, entry)
            if self._rejects is not None:
                self._write_rejects(self._rejects)
            self._connection.execute(_sql(self._ledger.insert()), ledger.values(entry))
            rows = self._count()
            committed = self.ledger_entry(entry.load_id) or entry
            self._connection.commit()
        return Committed(committed, rows)

    def _settled(self, plan: WritePlan, entry: LedgerEntry) -> LedgerEntry:
        """Let the copied rows become the table's; the entry with the rows that did."""
        if _meets(plan):
            entry = entry.of_rows(Settling(self._connection, self._merge(plan), plan, _moment(plan)).settle())
        elif self._staged(plan):
            self._unstage(plan)
        if self._swap is not None:
            self._swap.finish()
            self._swap = None
        return entry

    def _merge(self, plan: WritePlan) -> Merge:
        words = {field.name: self._words(field) for field in plan.schema}
        values = {name: f"{quote(name)}::{type_}" for name, type_ in words.items()}
        return Merge(merge.POSTGRESQL, self._name, f"pg_temp.{STAGE}", values, plan.key, plan.cursor, words)

    def _words(self, field: pa.Field) -> str:
        column = None if self._shape is None else self._shape.column(field.name)
        return pg_types.native(field) if column is None or field.name in self._widened else column.native

    @property
    def _widened(self) -> tuple[str, ...]:
        return () if self._plan is None else self._plan.widen

    def _begin_swap(self, plan: WritePlan) -> None:
        """A whole table that is replaced beside the old one is made first, or refused."""
        if plan.mode is not LoadMode.BLUE_GREEN or plan.create or plan.window is not None:
            return
        oid = pg_catalog.relation(self._connection, self._ledger.schema, self._table.name)
        swap = Swap(self._connection, self._ledger.schema, self._table.name, oid or 0)
        swap.build()
        self._swap = swap

    def _write_rejects(self, rejected: Rejects) -> None:
        table = rejects_name(self._table)
        name = quote(self._ledger.schema, table.name)
        self._execute(rejects.create(name))
        copy = CopyWriter(self._connection, f"{name} ({rejects.columns()})", REJECTS_SCHEMA, {})
        for batch in rejected.batches():
            copy.write(batch)
        copy.finish()

    def abort(self) -> None:
        """Roll back; a connection that is gone has rolled back by itself."""
        if self._copy is not None:
            self._copy.drop()
        if not self._connection.closed:
            try:
                self._connection.rollback()
            except psycopg.OperationalError:
                self._connection.close()

    def _entry(self, statement: str, parameters: tuple[str, ...]) -> LedgerEntry | None:
        with pg_session.faults():
            return ledger.entry(self._connection.execute(_sql(statement), parameters).fetchone())

    def _known(self, plan: WritePlan) -> WritePlan:
        """A type that came with its name from another server and is not here: its texts stay text."""
        fields = [self._known_field(field, plan) for field in plan.schema]
        return replace(plan, schema=pa.schema(fields))

    def _known_field(self, field: pa.Field, plan: WritePlan) -> pa.Field:
        made = plan.create or field.name in plan.add
        if not made or not pg_types.is_text_cast(field):
            return field
        row = self._connection.execute(
            "SELECT to_regtype(%s) IS NOT NULL", (pg_types.native(field),)
        ).fetchone()
        return field if row is not None and row[0] else pa.field(field.name, pa.string())

    def _apply(self, plan: WritePlan) -> None:
        name = self._name
        if plan.create:
            self._execute(f"CREATE TABLE {name} ({self._definition(plan)})")
        for column in plan.add:
            self._execute(f"ALTER TABLE {name} ADD COLUMN {self._definitions([plan.schema.field(column)])}")
        for column in plan.widen:
            words = pg_types.native(plan.schema.field(column))
            self._execute(f"ALTER TABLE {name} ALTER COLUMN {quote(column)} TYPE {words}")
        if plan.window is not None and not plan.create and not _meets(plan):
            self._execute(f"DELETE FROM {name} WHERE {window_condition(plan.window)}")  # noqa: S608  quoted
        elif plan.replace and not plan.create and self._swap is None:
            # Not TRUNCATE: it would lock readers out for the whole load, and one whose snapshot is older than
            # the commit would see an empty table, which is neither the state before nor the state after.
            self._execute(f"DELETE FROM {name}")  # noqa: S608  quoted

    def _definition(self, plan: WritePlan) -> str:
        """What a new table is made of; rows that are found by a key get an index on it."""
        parts = [self._definitions(plan.schema)]
        if plan.versions:
            parts.append(merge.version_columns())
        if plan.merges:
            parts.append(f"PRIMARY KEY ({quote_all(plan.key)})")
        return ", ".join(parts)

    def _definitions(self, fields: Sequence[pa.Field]) -> str:
        return ", ".join(f"{quote(field.name)} {pg_types.native(field)}" for field in fields)

    def _staged(self, plan: WritePlan) -> bool:
        return _meets(plan) or any(pg_types.is_text_cast(field) for field in plan.schema)

    def _wire(self, plan: WritePlan) -> pa.Schema:
        return plan.schema.append(merge.ORDINAL_FIELD) if _meets(plan) else plan.schema

    def _into(self, plan: WritePlan) -> str:
        """Where the COPY goes: the table, or a staging table whose texts the server then casts."""
        wire = self._wire(plan)
        columns = quote_all(wire.names)
        if not self._staged(plan):
            return f"{self._name} ({columns})"
        staged = ", ".join(f"{quote(field.name)} {pg_types.wire(field)}" for field in wire)
        self._execute(f"CREATE TEMPORARY TABLE {STAGE} ({staged}) ON COMMIT DROP")
        return f"pg_temp.{STAGE} ({columns})"

    def _unstage(self, plan: WritePlan) -> None:
        columns = quote_all(plan.schema.names)
        casts = ", ".join(self._cast(field) for field in plan.schema)
        rows = f"SELECT {casts} FROM pg_temp.{STAGE}"  # noqa: S608  quoted
        self._execute(f"INSERT INTO {self._name} ({columns}) OVERRIDING SYSTEM VALUE {rows}")

    def _cast(self, field: pa.Field) -> str:
        """What a staged text becomes. Character types are left to assignment: an explicit cast would cut silently."""
        column = None if self._shape is None else self._shape.column(field.name)
        words = pg_types.native(field) if column is None else column.native
        needed = pg_types.is_text_cast(field) or (column is not None and pg_types.is_enumeration(column))
        return f"{quote(field.name)}::{words}" if needed else quote(field.name)

    def _count(self) -> int | None:
        row = self._connection.execute(
            "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", (self._name,)
        ).fetchone()
        if row is None or row[0] > COUNTED_ROWS:
            return None  # no such table, or too large a one
        counted = self._connection.execute(_sql(f"SELECT count(*) FROM {self._name}")).fetchone()  # noqa: S608  quoted
        return None if counted is None else int(counted[0])

    def _execute(self, statement: str) -> None:
        self._connection.execute(_sql(statement))

    def _opened(self) -> tuple[CopyWriter, WritePlan]:
        if self._copy is None or self._plan is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._copy, self._plan

    @property
    def _name(self) -> str:
        return quote(self._ledger.schema, self._table.name) if self._swap is None else self._swap.next


def _meets(plan: WritePlan) -> bool:
    return plan.merges or plan.versions


def _moment(plan: WritePlan) -> datetime:
    return plan.at or datetime.now(UTC)
