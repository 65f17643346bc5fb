"""Snowflake for tests: one fakesnow server (DuckDB behind Snowflake's HTTP interface) per test session.

It takes any user and password, and answers in one inline batch. 3 s to start, 285 MB.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch_tests.servers import environments, processes
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "acme-analytics"


@dataclass(frozen=True, slots=True)
class SnowflakeServer:
    """Where the server listens; `log` is its own log file."""

    host: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def database(self) -> str:
        """Create a database of a name that is nobody's, with the schema PUBLIC; the name."""
        name = f"DB_{uuid.uuid4().hex[:12].upper()}"
        self.execute(f"CREATE DATABASE {name}", f"CREATE SCHEMA IF NOT EXISTS {name}.PUBLIC")
        return name

    def execute(self, *statements: str, database: str | None = None) -> list[Any]:
        """Run the statements; the rows of the last one, as the driver makes them."""
        from snowflake.connector import connect  # noqa: PLC0415  a second's import, for who asks

        connection = connect(
            account=ACCOUNT,
            user="admin",
            password="unchecked",
            host=self.host,
            port=self.port,
            protocol="http",
            database=database,
            schema="PUBLIC" if database else None,
            platform_detection_timeout_seconds=0,
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def running() -> Iterator[SnowflakeServer]:
    """A fresh server without databases."""
    program = environments.programs("snowflake") / "fakesnow"
    port = free_port()
    command = (str(program), "-s", "--host", "127.0.0.1", "-p", str(port))
    with processes.folder("snowflake") as home:
        ready = lambda: processes.answers_http(f"http://127.0.0.1:{port}/")  # noqa: E731  one line
        with processes.served(command, home, ready) as log:
            yield SnowflakeServer("127.0.0.1", port, log)


@pytest.fixture(scope="session")
def snowflake_server() -> Iterator[SnowflakeServer]:
    """The session's Snowflake."""
    with running() as server:
        yield server
