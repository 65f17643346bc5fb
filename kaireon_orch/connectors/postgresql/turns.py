"""One load at a time for each table: settings of a load's session, the lock that it waits for, the schema's ledger."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import pg_catalog
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch.families.sql.ledger import LedgerSql
    from kaireon_orch.families.sql.pg_catalog import Connection

WAIT_SECONDS: Final = 60.0
_LEDGER_LOCK: Final = "kaireon ledger"
_POLL_SECONDS: Final = 0.25
_MONITORED_SINCE: Final = 140_000
_DURABLE: Final = """
    SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""A load that was said to be done is on the server's disk: a source may be told so, and forget its rows."""

_SCHEMA: Final = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def settle(connection: Connection) -> None:
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
    connection.execute(_DURABLE)


def lock(connection: Connection, name: str, cancelled: Callable[[], bool]) -> None:
    """Take the transaction's advisory lock of that name. Raises `Fault` TABLE_BUSY after a minute, CANCELED."""
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


@dataclass(frozen=True, slots=True)
class Made:
    """What a load has made for itself before it began: the ledger, and the schema around it."""

    ledger: bool = False
    schema: bool = False


def make_ledger(connection: Connection, statements: LedgerSql, cancelled: Callable[[], bool]) -> Made:
    """Make schema and ledger before the load, on their own: two first loads into a schema must not wait for another."""
    if _has_ledger(connection, statements):
        return Made()
    with connection.transaction():
        lock(connection, f"{_LEDGER_LOCK} {statements.schema}", cancelled)
        if _has_ledger(connection, statements):
            return Made()
        there = connection.execute(_SCHEMA, (statements.schema,)).fetchone() is not None
        if not there:
            connection.execute(sql.SQL(f"CREATE SCHEMA {quote(statements.schema)}"))
        connection.execute(sql.SQL(statements.create()))
    return Made(ledger=True, schema=not there)


def hold_ledger(connection: Connection, statements: LedgerSql) -> bool:
    """Keep the ledger in its place until the transaction ends; False where another load has just taken it back."""
    try:
        connection.execute(sql.SQL(f"LOCK TABLE {statements.table} IN ACCESS SHARE MODE"))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        connection.rollback()
        return False
    return True


def take_back(connection: Connection, statements: LedgerSql, made: Made) -> None:
    """A first load that committed nothing leaves neither ledger nor schema, unless another one uses them by now."""
    used = (psycopg.errors.LockNotAvailable, psycopg.errors.DependentObjectsStillExist)
    with suppress(*used), connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '100ms'")
        connection.execute(sql.SQL(f"LOCK TABLE {statements.table} IN ACCESS EXCLUSIVE MODE"))
        if connection.execute(sql.SQL(f"SELECT 1 FROM {statements.table} LIMIT 1")).fetchone():  # noqa: S608  quoted
            return
        connection.execute(sql.SQL(f"DROP TABLE {statements.table}"))
        if made.schema:
            connection.execute(sql.SQL(f"DROP SCHEMA {quote(statements.schema)}"))


def _has_ledger(connection: Connection, statements: LedgerSql) -> bool:
    return pg_catalog.relation(connection, statements.schema, LEDGER_TABLE) is not None
