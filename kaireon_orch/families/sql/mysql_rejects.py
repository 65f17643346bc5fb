"""`<table>__rejects` in MySQL. DDL would commit a load's transaction, so another session makes the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.load import REJECTS_SCHEMA
from kaireon_orch.families.sql import mysql_errors, mysql_tables, mysql_writing
from kaireon_orch.families.sql.mysql_query import quote

if TYPE_CHECKING:
    from kaireon_orch.contract.load import Rejects, TableName
    from kaireon_orch.families.sql.mysql_session import Session

_WORDS: Final = {
    "load_id": "VARCHAR(191) NOT NULL",
    "rejected_at": "TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
    "row_number": "BIGINT NOT NULL",
    "column_name": "LONGTEXT NOT NULL",
    "value": "LONGTEXT",
    "reason": "LONGTEXT NOT NULL",
    "row": "LONGTEXT NOT NULL",
}


def make(session: Session, table: TableName) -> bool:
    """Make the table where there is none; whether it was made. Raises `Fault` TARGET_REFUSED."""
    mysql_tables.demand_transactional(session, table)
    if mysql_tables.about(session, table) is not None:
        return False
    columns = ", ".join(f"{quote(name)} {_WORDS[name]}" for name in REJECTS_SCHEMA.names)
    mysql_tables.create(session, table, columns)
    return True


def write(session: Session, table: TableName, rejects: Rejects, packet: int) -> None:
    """Add the rows within the session's transaction. Raises `Fault`."""
    for batch in rejects.batches():
        with mysql_errors.faults(writing=True):
            for statement in mysql_writing.statements(batch, mysql_tables.quoted(table), packet):
                session.connection.query(statement)
