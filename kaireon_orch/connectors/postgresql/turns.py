"""One load at a time for each table: settings of a load's session, the lock that it waits for, the schema's ledger."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

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


def make_ledger(connection: Connection, statements: LedgerSql, cancelled: Callable[[], bool]) -> None:
    """Make schema and ledger before the load, on their own: two first loads into a schema must not wait for another."""
    if pg_catalog.relation(connection, statements.schema, LEDGER_TABLE) is not None:
        return
    with connection.transaction():
        lock(connection, f"{_LEDGER_LOCK} {statements.schema}", cancelled)
        if not connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (statements.schema,)
        ).fetchone():
            connection.execute(sql.SQL(f"CREATE SCHEMA {quote(statements.schema)}"))
        connection.execute(sql.SQL(statements.create()))
