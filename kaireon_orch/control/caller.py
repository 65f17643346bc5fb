"""Who asks: the tenant and the role that an API key stands for, or the operator at the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kaireon_orch.errors import Forbidden

Role = Literal["admin", "editor", "viewer"]
ROLES: tuple[Role, ...] = ("admin", "editor", "viewer")


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's identity; `request_id` goes into the audit log."""

    tenant: str
    role: Role
    key_id: str | None
    key_name: str
    request_id: str | None = None

    @classmethod
    def operator(cls, tenant: str, name: str = "operator") -> Caller:
        """Whoever holds the machine: the command line and Dagster, an administrator without a key."""
        return cls(tenant=tenant, role="admin", key_id=None, key_name=name)


def require(caller: Caller, *roles: Role) -> None:
    """Raise `Forbidden` unless the caller has one of `roles`."""
    if caller.role not in roles:
        raise Forbidden(f"This needs the role {' or '.join(roles)}; the key has the role {caller.role}.")
