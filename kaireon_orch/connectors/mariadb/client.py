"""PyMySQL's connection, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.families.sql import mysql_session

if TYPE_CHECKING:
    from pymysql.connections import Connection

    from kaireon_orch.connectors.mariadb.spec import MariadbConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[MariadbConfig]) -> Connection:
    """As `pymysql.connect` gives it, in UTC, through the door also where it connects anew.

    Raises `Fault` as `mysql_session.connect` does.
    """
    return mysql_session.connect(opening, for_author=True).connection
