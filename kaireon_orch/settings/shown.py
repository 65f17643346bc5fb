"""Settings as an operator may see them: secrets masked, with where each value came from."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from kaireon_orch.settings.environment import Origin, setting_name
from kaireon_orch.settings.model import Settings
from kaireon_orch.settings.values import Rate

_MASK = "*" * 12
_MADE_IN_THE_HOME = {"given_encryption_keys", "api_key_pepper"}
_DERIVED_DEFAULTS = {
    "home": ".kaireon",
    "database_url": "sqlite:///<home>/registry.db",
    "given_warehouse_url": "duckdb:///<home>/warehouse.duckdb",
    "given_encryption_keys": "made in <home>/keys",
    "given_file_roots": "<home>/files",
    "api_key_pepper": "made in <home>",
}


class Row(NamedTuple):
    """One setting; `source` is one of `Origin`'s words."""

    name: str
    value: str
    source: str
    default: str


def rows(settings: Settings) -> list[Row]:
    """Every setting in the contract's order."""
    return [_row(settings, field) for field in Settings.model_fields]


def without_password(url: str) -> str:
    """The URL with what may be a secret in its userinfo and query masked."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    place = parts.netloc
    if parts.password is not None:
        place = f"{quote(parts.username or '')}:{_MASK}@{place.rpartition('@')[2]}"
    query = re.sub(r"((?:password|token)=)[^&]*", rf"\1{_MASK}", parts.query, flags=re.IGNORECASE)
    return urlunsplit(parts._replace(netloc=place, query=query))


def _row(settings: Settings, field: str) -> Row:
    origin = settings.origin(field)
    if origin is Origin.DEFAULT and field in _MADE_IN_THE_HOME:
        origin = Origin.FILE
    default = _DERIVED_DEFAULTS.get(field) or _text(Settings.model_fields[field].default)
    return Row(setting_name(field), _value(settings, field), origin, default)


def _value(settings: Settings, field: str) -> str:
    masked = {
        "database_url": without_password(settings.registry_url),
        "given_warehouse_url": without_password(settings.warehouse_url),
        "given_encryption_keys": ",".join(f"{name}:{_MASK}" for name, _ in settings.encryption_keys),
        "given_file_roots": _text(settings.file_roots),
        "api_key_pepper": _MASK,
        "redis_url": without_password(settings.redis_url.get_secret_value()) if settings.redis_url else "",
    }
    return masked[field] if field in masked else _text(getattr(settings, field))


def _text(value: object) -> str:
    if isinstance(value, tuple) and not isinstance(value, Rate):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
