"""The registry's database, SQLite in one file or PostgreSQL: transactions, and the seam where its driver's errors end."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from kaireon_orch.errors import SettingsError, Unavailable
from kaireon_orch.store import schema

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sqlalchemy import URL, Connection, Engine

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5
BROKEN_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
    }
)

SchemaState = Literal["empty", "current", "older", "newer"]


class Database:
    """Sessions over one registry.

    Args:
        url: `sqlite:///<path>` or `postgresql+psycopg://…`.

    Every method but `close` raises `Unavailable` where the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
            raise SettingsError(
                "KAIREON_DATABASE_URL takes sqlite:///<path> or postgresql+psycopg://…, "
                f"not {parsed.drivername}://"
            )
        self.embedded = parsed.drivername == "sqlite"
        self._engine = _sqlite(parsed) if self.embedded else _postgresql(parsed)
        self._reader = self._engine.execution_options(kaireon_read_only=True, **_read_only(self.embedded))

    @contextmanager
    def read(self) -> Generator[Session]:
        """A read-only transaction."""
        with _seam(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def look(self) -> Generator[Connection]:
        """A read-only transaction without a session, for plain rows: half the time where a request asks for one."""
        with _seam(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Session]:
        """A transaction that commits at the end of the block, or leaves nothing where the block raises."""
        with _seam(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema to head; safe when several processes do it at once.

        Raises `SettingsError` where the registry is newer than this code.
        """
        from kaireon_orch.store.upgrade import upgrade  # noqa: PLC0415  Alembic loads where it is needed alone

        with _seam(), self._engine.begin() as connection:
            schema.lock(connection)
            if schema.state(connection) == "newer":
                raise SettingsError(schema.NEWER)
            upgrade(connection)

    def schema_state(self) -> SchemaState:
        """How the registry's schema compares with this code's head."""
        with _seam(), self._reader.connect() as connection:
            return schema.state(connection)

    def ping(self) -> None:
        """One round trip."""
        with _seam(), self._reader.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    options = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "kaireon_orch"}
    return create_engine(url, connect_args=options, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT_MS / 1000)


def _read_only(embedded: bool) -> dict[str, Any]:
    return {} if embedded else {"postgresql_readonly": True}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Take transactions away from the driver, which begins them late and commits them before DDL."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
    # SQLite's own knows ASCII only, and searches are case-insensitive in every script.
    connection.create_function("lower", 1, _lower, deterministic=True)
    _switch_to_wal(connection)


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The switch is kept in the file; SQLite does not wait for others there, so we do."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the write lock at once: a reader that turned writer later could not wait for it."""
    reading = connection.get_execution_options().get("kaireon_read_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _seam() -> Iterator[None]:
    """A driver's words can hold the URL with its password, so they end here."""
    try:
        yield
    except PoolTimeout:
        raise Unavailable("The registry is busy; try again.") from None
    except (OperationalError, InterfaceError) as error:
        if not _out_of_reach(error):
            raise
        raise Unavailable(
            "The registry is out of reach; check KAIREON_DATABASE_URL and its server, or that its file can be written."
        ) from None


def _out_of_reach(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        code: int = getattr(error.orig, "sqlite_errorcode", 0)
        return code & 0xFF in BROKEN_SQLITE
    return True
