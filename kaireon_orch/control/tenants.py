"""Tenants: what their names may be, and how one comes into being with its first key."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from kaireon_orch.control.clock import now_ms
from kaireon_orch.errors import FieldError, InvalidInput, NotFound
from kaireon_orch.store.tables import Tenant

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.control.registry import Registry

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 31
SECRETS = "secrets"
HASH_KEY_BYTES = 32


def checked_name(name: str) -> str:
    """The name itself; `InvalidInput` where it is none that a tenant may have."""
    if len(name) <= LONGEST and NAME.fullmatch(name):
        return name
    rule = (
        f"takes small letters, digits and single underscores between them, a letter first, at most {LONGEST}"
    )
    raise InvalidInput("The tenant's name cannot be used.", [FieldError("tenant", rule)])


def ensure(registry: Registry, session: Session, tenant: str) -> None:
    """Make the tenant, with its own key for hashed columns, unless it is there."""
    insert = sqlite.insert if registry.database.embedded else postgresql.insert
    sealed = registry.vault.seal(tenant, tenant, SECRETS, {"hashKey": _new_hash_key()})
    row = {"name": checked_name(tenant), "secrets": sealed, "created_at": now_ms()}
    session.execute(insert(Tenant).values(row).on_conflict_do_nothing())


def hash_key(registry: Registry, tenant: str) -> str:
    """The tenant's key for hashed columns, base64; it never changes, so that hashed columns join.

    Raises `NotFound` for an unknown tenant and `SecretUnreadable` where the vault lacks the key.
    """
    with registry.database.read() as session:
        row = session.execute(select(Tenant.secrets).where(Tenant.name == tenant)).one_or_none()
    if row is None or row.secrets is None:
        raise NotFound("There is no such tenant.")
    key: str = registry.vault.open(tenant, tenant, SECRETS, row.secrets)["hashKey"]
    return key


def _new_hash_key() -> str:
    return base64.b64encode(os.urandom(HASH_KEY_BYTES)).decode()
