"""`kaireon keys`: API keys by the operator, who needs none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from kaireon_orch.cli.registry import PAGE, every, opened, operator
from kaireon_orch.cli.tables import print_json, print_records
from kaireon_orch.control import keys

_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def create(tenant: str | None, role: str, name: str | None, expires: str | None, *, as_json: bool) -> None:
    """Make a key and show it, this once."""
    body = {"role": role, "name": name, "expiresAt": expires_at(expires)}
    with opened() as registry:
        caller = operator(registry, tenant)
        view, secret = keys.create(
            registry, caller, {key: value for key, value in body.items() if value is not None}
        )
    shown = view.to_json()
    if as_json:
        order = ("name", "prefix", "role", "expiresAt", "createdAt")
        print_json(
            {"id": view.id, "key": secret, "tenant": caller.tenant, **{part: shown[part] for part in order}}
        )
        return
    typer.echo(f"Key {view.id} ({view.name}, {view.role}) of tenant {caller.tenant}:", err=True)
    typer.echo(secret)
    typer.echo("It is not shown again.", err=True)


def list_all(tenant: str | None, *, as_json: bool) -> None:
    """The keys of a tenant, newest first."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = every(lambda cursor: keys.list_page(registry, caller, limit=PAGE, cursor=cursor))
        records = [view.to_json() for view in found]
    print_records(
        records, ("id", "name", "prefix", "role", "expiresAt", "lastUsedAt", "createdAt"), as_json=as_json
    )


def revoke(key_id: str, tenant: str | None) -> None:
    """Revoke a key of the tenant."""
    with opened() as registry:
        keys.revoke(registry, operator(registry, tenant), key_id)
    typer.echo(f"Key {key_id} is revoked.")


def expires_at(text: str | None) -> str | None:
    """ISO 8601 as it is; a span (`30d`, `12h`) from now."""
    span = _SPAN.fullmatch(text) if text else None
    if span is None:
        return text
    at = datetime.now(UTC) + timedelta(**{_UNITS[span[2]]: int(span[1])})
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
