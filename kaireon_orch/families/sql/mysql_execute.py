"""A job author's statements on MySQL or MariaDB: one transaction, as far as the server lets it be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.families.sql import mysql_session, placeholders, scripts

if TYPE_CHECKING:
    from kaireon_orch.contract.source import Opening

MODE: Final = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""A value that does not fit is refused instead of being changed; texts are read as MySQL does by default."""


def execute(opening: Opening[Any], script: str) -> None:
    """Run the statements one after another and commit; what fails takes back those since the last CREATE, ALTER or DROP.

    MySQL commits by itself before and after each of these. Raises `Fault` NOT_SUPPORTED for a statement that begins or ends
    a transaction, and what the server refuses.
    """
    found = scripts.statements(script, placeholders.MYSQL)
    with mysql_session.connected(opening) as session:
        session.execute(f"SET SESSION sql_mode = '{MODE}'")
        session.execute("START TRANSACTION")
        for statement in found:
            session.changed(statement)
        session.execute("COMMIT")
