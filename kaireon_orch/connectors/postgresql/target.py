"""Load into PostgreSQL: everything in one transaction, rows by binary COPY, one load at a time for each table."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from kaireon_orch.connectors.postgresql import turns
from kaireon_orch.connectors.postgresql.load import PostgresqlLoad
from kaireon_orch.contract.load import TableName
from kaireon_orch.families.sql import pg_execute, pg_session, pg_types
from kaireon_orch.families.sql.ledger import LedgerSql

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from kaireon_orch.connectors.postgresql.spec import PostgresqlConfig
    from kaireon_orch.contract.source import Opening

DEFAULT_SCHEMA: Final = "public"
_UTC: Final = """to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def open_target(opening: Opening[PostgresqlConfig]) -> PostgresqlTarget:
    """The database as a target; connects when a load begins."""
    return PostgresqlTarget(opening)


class PostgresqlTarget:
    """A PostgreSQL database as a target."""

    folds_case = False

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
        named = self._named(table)
        return PostgresqlLoad(connection, named, _ledger_sql(named))

    def _named(self, table: TableName) -> TableName:
        return TableName(table.schema or self._opening.config.schema_ or DEFAULT_SCHEMA, table.name)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> PostgresqlLoad:
        """A transaction that holds the table's lock. Raises `Fault` TABLE_BUSY after a minute of waiting."""
        connection = self._held.enter_context(pg_session.connected(self._opening))
        named = self._named(table)
        statements = _ledger_sql(named)
        with pg_session.faults():
            turns.settle(connection)
            made = turns.make_ledger(connection, statements, cancelled)
            connection.autocommit = False
            while not turns.hold_ledger(connection, statements):
                connection.autocommit = True
                made = turns.make_ledger(connection, statements, cancelled)
                connection.autocommit = False
            turns.lock(connection, f"kaireon table {named}", cancelled)
        return PostgresqlLoad(connection, named, statements, made)

    def execute(self, script: str, cancelled: Callable[[], bool]) -> None:
        """See `contract.target.Executing`."""
        del cancelled  # the server hears of it when the connection ends
        pg_execute.execute(self._opening, script)

    def clean_up(self, table: TableName) -> None:
        """Nothing outlives a load: its rows and its staging table are in one transaction."""

    def close(self) -> None:
        """Close the load's connection; what it did not commit is gone."""
        self._held.close()


def _ledger_sql(table: TableName) -> LedgerSql:
    return LedgerSql(table.schema or DEFAULT_SCHEMA, "%s", _UTC, "clock_timestamp()")
