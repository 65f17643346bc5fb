"""A job author's statements on a DuckDB file: one transaction, with files, extensions and settings out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from kaireon_orch.connectors.duckdb import database
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kaireon_orch.connectors.duckdb.file import DatabaseFile

_TAKEN: Final = frozenset(
    {
        "ALTER",
        "ANALYZE",
        "CREATE",
        "CREATE_FUNC",
        "DELETE",
        "DROP",
        "INSERT",
        "MERGE_INTO",
        "SELECT",
        "UPDATE",
    }
)
"""By DuckDB's own parser; what is left out reaches beyond the file, or ends the transaction."""


def execute(file: DatabaseFile, script: str, cancelled: Callable[[], bool]) -> None:
    """Run the statements, all or none, as the file's one writer; the file is made where it is missing.

    Raises `Fault` NOT_SUPPORTED for a statement of another kind, TABLE_BUSY, and what DuckDB refuses.
    """
    with database.faults():
        found = _statements(script)
    with file.locked(cancelled):
        file.ensure()
        with file.opened(read_only=False) as connection, database.faults():
            connection.execute("SET lock_configuration = true")
            _run(connection, found)


def _statements(script: str) -> Sequence[duckdb.Statement]:
    found = duckdb.extract_statements(script)
    kinds = [_kind(each) for each in found]
    refused = [kind for kind in kinds if kind not in _TAKEN]
    if refused or not found:
        named = f"{refused[0]} is not for it" if refused else "there is no statement in it"
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"The SQL was not run: {named}. It takes {', '.join(sorted(_TAKEN))}, in one transaction of its own.",
        )
    return found


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # the driver's own table of kinds is not complete
        return "this kind of statement"


def _run(connection: duckdb.DuckDBPyConnection, found: Sequence[duckdb.Statement]) -> None:
    connection.begin()
    for statement in found:
        connection.execute(statement)
    connection.commit()
