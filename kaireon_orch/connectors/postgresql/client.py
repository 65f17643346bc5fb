"""psycopg's connection, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.families.sql import libpq, pg_session

if TYPE_CHECKING:
    import psycopg

    from kaireon_orch.connectors.postgresql.spec import PostgresqlConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[PostgresqlConfig]) -> psycopg.Connection[tuple[object, ...]]:
    """As `psycopg.connect` gives it, at the judged address: libpq never looks the name up again.

    Raises `Fault` as `libpq.connect` does.
    """
    connection = libpq.connect(pg_session.login(opening)[0], opening.door)
    connection.autocommit = False
    return connection
