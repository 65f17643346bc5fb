"""What KAIREON_WAREHOUSE_URL becomes, and whose schema is whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch import settings
from kaireon_orch.control import warehouse
from kaireon_orch.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_in_the_home_by_default(tmp_path: Path) -> None:
    chosen = settings.load(tmp_path)
    assert warehouse.type_of(chosen) == "duckdb"
    assert warehouse.connector(chosen) == {
        "type": "duckdb",
        "config": {"path": str(tmp_path / "warehouse.duckdb")},
        "authMethod": "none",
        "auth": None,
        "warehouse": True,
    }


def test_a_postgresql_server(tmp_path: Path) -> None:
    url = "postgresql+psycopg://load:p%40ss@db.internal/dwh?sslmode=require"
    chosen = settings.load(tmp_path, warehouse_url=url)
    assert warehouse.type_of(chosen) == "postgresql"
    assert warehouse.connector(chosen) == {
        "type": "postgresql",
        "config": {"host": "db.internal", "port": 5432, "database": "dwh", "sslMode": "require"},
        "authMethod": "password",
        "auth": {"username": "load", "password": "p@ss"},
        "warehouse": True,
    }


def test_a_url_without_a_database(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KAIREON_WAREHOUSE_URL"):
        warehouse.connector(settings.load(tmp_path, warehouse_url="postgresql://db.internal"))


@pytest.mark.parametrize(
    ("tenant", "schema", "owned"),
    [
        ("default", "public", True),
        ("default", "t_default", False),
        ("acme", "t_acme", True),
        ("acme", "t_acme__raw", True),
        ("acme", "public", False),
        ("acme", "t_acme_other", False),
        ("acme", "t_acmes", False),
    ],
)
def test_schemas_have_owners(tenant: str, schema: str, owned: bool) -> None:
    assert warehouse.owns(tenant, schema) is owned
