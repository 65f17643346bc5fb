"""Opening a registry: the embedded one makes itself, a server's is the operator's to migrate, a newer one is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from kaireon_orch.control import keys, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import InvalidInput, SettingsError
from kaireon_orch.settings import load
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.servers.postgres import PostgresServer


def test_the_embedded_registry_makes_itself(tmp_path: Path) -> None:
    registry = Registry.open(load(tmp_path / "home"))
    assert registry.database.schema_state() == "current"
    registry.close()


def test_a_servers_registry_waits_for_its_operator(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.database("registry_open").replace("postgresql+psycopg", "postgresql")
    settings = load(tmp_path / "home", database_url=url)
    with pytest.raises(SettingsError, match="kaireon migrate"):
        Registry.open(settings)
    database = Database(settings.registry_url)
    database.migrate()
    database.close()
    Registry.open(settings).close()


def test_a_newer_registry_is_left_alone(tmp_path: Path) -> None:
    settings = load(tmp_path / "home")
    registry = Registry.open(settings)
    with registry.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from_tomorrow'"))
    registry.close()
    with pytest.raises(SettingsError, match="newer"):
        Registry.open(settings)


@pytest.mark.parametrize("name", ["default", "a", "acme_eu", "t2_x", "a" * 31])
def test_names_of_tenants(registry: Registry, name: str) -> None:
    keys.create(registry, Caller.operator(name), {"role": "viewer"})
    assert len(tenants.hash_key(registry, name)) == 44


@pytest.mark.parametrize("name", ["", "Acme", "2a", "a__b", "_a", "a_", "a-b", "a" * 32, "ä"])
def test_names_that_no_tenant_has(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidInput):
        keys.create(registry, Caller.operator(name), {"role": "viewer"})
