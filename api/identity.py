"""Who is asking: the key decides tenant and role, and a route says which roles it serves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from kaireon_orch.control import audit, keys
from kaireon_orch.control.caller import ROLES, Caller, Role, require
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Forbidden, Unauthenticated

# How it stands in the OpenAPI document: `Access` reads the headers itself, repeated ones included.
SCHEMES: dict[str, dict[str, str]] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
TENANT_HEADER: dict[str, Any] = {
    "name": "X-Tenant-Id",
    "in": "header",
    "required": False,
    "description": "The key's own tenant; any other is refused.",
    "schema": {"type": "string"},
}


async def opened_registry(request: Request) -> Registry:
    """The registry that the app was made with."""
    return cast("Registry", request.app.state.registry)


Opened = Annotated[Registry, Depends(opened_registry)]


@dataclass(frozen=True, slots=True)
class Access:
    """A route's dependency: the caller behind the request's key, if its role is one of `roles`.

    `action` and `entity` are how a refusal stands in the audit log; `refused` may add to the answer.
    Raises `Unauthenticated` (no key, an unusable one, two that differ) and `Forbidden` (wrong role, or
    `X-Tenant-Id` names another tenant than the key's: nobody chooses a tenant by a header).
    """

    roles: tuple[Role, ...]
    action: str
    entity: str
    refused: Callable[[Request, Registry, Caller], None] | None = None

    def __call__(
        self,
        request: Request,
        registry: Opened,
    ) -> Caller:
        caller = keys.authenticate(
            registry, _presented(request), request_id=request.state.request_id, action=self.action
        )
        request.state.tenant = caller.tenant
        record = next(iter(request.path_params.values()), None) or request.query_params.get("id")
        try:
            with audit.refusals(registry, caller, self.action, self.entity, record):
                _require_tenant(caller, request.headers.getlist("x-tenant-id"))
                require(caller, *self.roles)
        except Forbidden:
            if self.refused is not None:
                self.refused(request, registry, caller)
            raise
        return caller


def _require_tenant(caller: Caller, named: list[str]) -> None:
    """An empty header counts as absent."""
    if {name.strip() for name in named} - {"", caller.tenant}:
        raise Forbidden("X-Tenant-Id names another tenant than the key's; leave it out, the key decides.")


def _presented(request: Request) -> str:
    """The one key of the request's headers; other schemes of `Authorization` are not looked at."""
    found = {key.strip() for key in request.headers.getlist("x-api-key")}
    for line in request.headers.getlist("authorization"):
        scheme, _, key = line.strip().partition(" ")
        if scheme.lower() == "bearer":
            found.add(key.strip())
    found.discard("")
    if not found:
        raise Unauthenticated("Send an API key as X-API-Key or as Authorization: Bearer.")
    if len(found) > 1:
        raise Unauthenticated("The request carries different API keys; send one.")
    return found.pop()


def reads(entity: str, *roles: Role) -> Any:  # noqa: ANN401  what Depends returns
    """The dependency of a route that changes nothing: every role unless `roles` says else."""
    return Depends(Access(roles or ROLES, "read", entity))


def changes(action: str, entity: str, *roles: Role) -> Any:  # noqa: ANN401  what Depends returns
    """The dependency of a route that changes a record: admins and editors unless `roles` says else."""
    return Depends(Access(roles or ("admin", "editor"), action, entity))
