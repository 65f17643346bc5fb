"""The same connector on each SQL system that is built: real servers and files, with rights to write."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb

import kaireon_orch as ko

if TYPE_CHECKING:
    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    mariadb: MariadbServer

    @property
    def allowed(self) -> str:
        """For `KAIREON_EGRESS_ALLOW`."""
        return f"{self.postgres.host}:{self.postgres.port},{self.mariadb.host}:{self.mariadb.port}"


def shop(desk: Desk, kind: str, servers: Servers, name: str = "shop") -> ko.SqlConnector:
    """A connector to a new, empty database of that type."""
    if kind in {"sqlite", "duckdb"}:
        return _file(desk, kind, name)
    if kind == "postgresql":
        found: Any = servers.postgres
        database = f"q_{uuid4().hex[:12]}"
        found.database(database)
    else:
        found = servers.mariadb
        database = found.database()
    config = {"host": found.host, "port": found.port, "database": database, "sslMode": "disable"}
    auth = {"username": found.user, "password": found.password}
    desk.connector(name, kind, config, authMethod="password", authConfig=auth)
    return {"postgresql": ko.PostgreSQL, "mysql": ko.MySQL, "mariadb": ko.MariaDB}[kind](name)


def _file(desk: Desk, kind: str, name: str) -> ko.SqlConnector:
    path = desk.files / f"{name}.{kind}"
    if kind == "sqlite":
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 1")
        database.close()
    else:
        duckdb.connect(str(path)).close()
    desk.connector(name, kind, {"path": str(path)})
    return ko.Sqlite(name) if kind == "sqlite" else ko.DuckDB(name)
