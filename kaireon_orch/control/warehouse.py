"""The built-in target: what KAIREON_WAREHOUSE_URL names, as an ordinary connector; and whose schema is whose in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kaireon_orch import catalogue
from kaireon_orch.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.settings import Settings

DEFAULT_TENANT = "default"
PUBLIC = "public"
POSTGRESQL_PORT = 5432
SSL_MODE = "sslmode"


def type_of(settings: Settings) -> str:
    """The connector type of the warehouse: `duckdb` or `postgresql`."""
    return _url(settings).get_backend_name()


def connector(settings: Settings) -> dict[str, Any]:
    """The warehouse as a job of the guarded child takes it: it holds the password, so keep it out of sight."""
    url = _url(settings)
    found = _duckdb(url) if url.get_backend_name() == "duckdb" else _postgresql(url)
    return found | {"warehouse": True}


def default_schema(tenant: str) -> str:
    """Where a tenant's tables go: `public` for the tenant `default`, `t_<tenant>` for any other."""
    return PUBLIC if tenant == DEFAULT_TENANT else f"t_{tenant}"


def own_schema(type_: str, config: Mapping[str, Any]) -> str:
    """Where the tables of a connector go that is a target: what its `config` names for that, else `public`."""
    own = config.get(catalogue.spec(type_).schema_from_config)
    return own if isinstance(own, str) and own else PUBLIC


def owns(tenant: str, schema: str) -> bool:
    """Whether a schema of the warehouse is the tenant's: nobody truncates another tenant's table."""
    own = default_schema(tenant)
    return schema == own or (tenant != DEFAULT_TENANT and schema.startswith(f"{own}__"))


def _url(settings: Settings) -> URL:
    try:
        url = make_url(settings.warehouse_url)
    except ArgumentError:
        raise SettingsError(
            "KAIREON_WAREHOUSE_URL is not a URL: duckdb:///<path> or postgresql://…"
        ) from None
    if not url.database:
        raise SettingsError(
            "KAIREON_WAREHOUSE_URL names no database: duckdb:///<path> or postgresql://…/<name>"
        )
    return url


def _duckdb(url: URL) -> dict[str, Any]:
    return {"type": "duckdb", "config": {"path": url.database}, "authMethod": "none", "auth": None}


def _postgresql(url: URL) -> dict[str, Any]:
    config: dict[str, Any] = {"host": url.host, "port": url.port or POSTGRESQL_PORT, "database": url.database}
    if mode := url.query.get(SSL_MODE):
        config["sslMode"] = mode
    auth = {"username": url.username, "password": url.password}
    given = {name: value for name, value in auth.items() if value is not None}
    return {"type": "postgresql", "config": config, "authMethod": "password", "auth": given}
