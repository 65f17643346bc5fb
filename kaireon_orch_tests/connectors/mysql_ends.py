"""Loads from and into a real MariaDB, under either type's name."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.movement.ends import Ends, connector

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer


@dataclass
class MyEnds(Ends):
    """The systems of `Ends`, and a database of a MariaDB; connectors have the type under test."""

    mariadb: MariadbServer = field(kw_only=True)
    own: str = field(kw_only=True)
    type: str = "mariadb"
    prepared: bool = False

    def my(
        self, *, password: str | None = None, username: str | None = None, **config: Any
    ) -> dict[str, Any]:
        """The MariaDB as a connector."""
        server = self.mariadb
        place = {"host": server.host, "port": server.port, "database": self.own, **config}
        auth = {
            "username": username or server.user,
            "password": server.password if password is None else password,
        }
        return connector(self.type, place, "password", auth)

    def postgresql(self, **auth: Any) -> dict[str, Any]:
        """The PostgreSQL: one database for all tests, since many are slow to make and to remove."""
        if not self.prepared:
            self.postgres.database(self.database)
            self.in_postgres("DROP TABLE IF EXISTS t")
            self.prepared = True
        return super().postgresql(**auth)

    def policy(self) -> Policy:
        ports = (self.postgres.port, self.mariadb.port)
        rules = [f"{host}:{port}" for host in ("127.0.0.1", "localhost") for port in ports]
        return Policy(rules=parse_rules(rules), files=(str(self.folder),))

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the own database; the rows of the last one."""
        return self.mariadb.execute(*statements, database=self.own)


@pytest.fixture
def my(tmp_path: Path, postgres: PostgresServer, mariadb: MariadbServer) -> MyEnds:
    """Fresh files, a fresh database."""
    return MyEnds(tmp_path, postgres, "beside_mariadb", mariadb=mariadb, own=mariadb.database())


def numbered(my: MyEnds, rows: int, key: str = "id BIGINT PRIMARY KEY") -> None:
    my.sql(
        f"CREATE TABLE src ({key}, note VARCHAR(200), at DATETIME(6))",
        f"INSERT INTO src SELECT seq, CONCAT(REPEAT('z', 150), seq), '2020-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows}",
    )


def kill_others(my: MyEnds, info: str) -> int:
    rows = my.mariadb.execute(
        f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{my.own}' AND (INFO LIKE '%{info}%' OR INFO IS NULL)"
    )
    for (thread,) in rows:
        with contextlib.suppress(pymysql.err.OperationalError):  # it has ended by itself
            my.mariadb.execute(f"KILL {thread}")
    return len(rows)
