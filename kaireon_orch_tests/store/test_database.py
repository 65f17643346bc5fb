"""Transactions, migrations and the seam to the driver, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from kaireon_orch.errors import SettingsError, Unavailable
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.database import Database
from kaireon_orch.store.tables import Connector, Table, Tenant

if TYPE_CHECKING:
    from pathlib import Path


def _tenant(name: str) -> Tenant:
    return Tenant(name=name, secrets=None, created_at=1)


def test_an_empty_database_becomes_current(database_url: str) -> None:
    database = Database(database_url)
    assert database.schema_state() == "empty"
    database.migrate()
    database.migrate()
    assert database.schema_state() == "current"
    database.close()


def test_the_migrations_make_the_tables_that_the_models_say(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_many_may_migrate_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each.migrate(), databases))
    with databases[0].read() as session:
        assert revision.current(session) == 1
    for database in databases:
        database.close()


def test_a_newer_schema_is_known_and_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from_tomorrow'"))
    assert database.schema_state() == "newer"
    with pytest.raises(SettingsError, match="newer"):
        database.migrate()


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(_tenant("acme"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert session.get(Tenant, "acme") is None


def test_a_read_transaction_cannot_write(database: Database) -> None:
    with pytest.raises((DBAPIError, Unavailable)), database.read() as session:
        revision.bump(session)


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(
            text(
                "INSERT INTO api_keys (id, tenant, name, prefix, digest, role, created_at)"
                " VALUES ('k', 'nobody', 'n', 'p', 'd', 'admin', 1)"
            )
        )


def test_writers_wait_for_each_other(database: Database) -> None:
    def write(_: int) -> None:
        with database.write() as session:
            revision.bump(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with database.read() as session:
        assert revision.current(session) == 41


def test_a_readers_view_is_not_blocked_by_a_writer(database: Database) -> None:
    with database.write() as writing:
        revision.bump(writing)
        with database.read() as reading:
            assert revision.current(reading) == 1


def test_another_tenants_row_is_not_there(database: Database) -> None:
    with database.write() as session:
        session.add_all([_tenant("one"), _tenant("two")])
        session.flush()
        session.add(_connector("one"))
    with database.read() as session:
        assert session.scalar(scoped.row(Connector, "one", "conn_1")) is not None
        assert session.scalar(scoped.row(Connector, "two", "conn_1")) is None


def test_a_server_out_of_reach_is_unavailable_and_its_password_is_not_told() -> None:
    database = Database("postgresql+psycopg://someone:canary-pw@127.0.0.1:9/registry")
    with pytest.raises(Unavailable) as caught:
        database.ping()
    assert "canary-pw" not in str(caught.value)
    assert caught.value.__cause__ is None
    database.close()


def test_a_file_out_of_reach_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/registry.db")
    with pytest.raises(Unavailable):
        database.ping()
    database.close()


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/registry.db")
    database.ping()
    database.close()
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_other_databases_are_refused() -> None:
    with pytest.raises(SettingsError, match="KAIREON_DATABASE_URL"):
        Database("mysql://localhost/registry")


def _connector(tenant: str) -> Connector:
    return Connector(
        id="conn_1",
        tenant=tenant,
        name="n",
        resource_key="n",
        type="csv",
        config={},
        auth_method="none",
        auth_fields=[],
        status="inactive",
        version=1,
        created_at=1,
        updated_at=1,
    )
