"""A job author's statements on PostgreSQL: all of them in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import pg_session, placeholders, scripts
from kaireon_orch.families.sql.pg_binds import STANDARD_TEXTS

if TYPE_CHECKING:
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.sql.pg_catalog import Connection

_NOT_IN_A_TRANSACTION = "25001"


def execute(opening: Opening[Any], script: str) -> None:
    """Run the statements, all or none. The server cuts them apart; we look only for what would end the transaction.

    Raises `Fault` NOT_SUPPORTED for a statement that no transaction takes (VACUUM) or that moves rows to or from this side
    (COPY … STDIN), and what the server refuses.
    """
    scripts.statements(script, placeholders.STANDARD)
    with pg_session.connected(opening) as connection:
        connection.autocommit = False
        try:
            _run(connection, script)
        except psycopg.Error as error:
            raise _fault(error) from None


def _run(connection: Connection, script: str) -> None:
    connection.execute(STANDARD_TEXTS)
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute(script.encode())
    if connection.info.transaction_status != TransactionStatus.INTRANS:
        raise Fault(
            FaultCode.NOT_SUPPORTED, "The SQL ended the transaction that it ran in; leave that out of it."
        )
    connection.commit()


def _fault(error: psycopg.Error) -> Fault:
    if error.sqlstate == _NOT_IN_A_TRANSACTION:
        return Fault(
            FaultCode.NOT_SUPPORTED, "The SQL was not run: a statement in it cannot be run in a transaction."
        )
    if error.sqlstate is None and isinstance(error, psycopg.ProgrammingError):
        return Fault(
            FaultCode.NOT_SUPPORTED,
            "The SQL was not run: it copies rows to or from this side; read them with `query`, load them with `write`.",
        )
    return pg_session.fault(error)
