"""A connector with its secrets in the clear: the only place that decrypts them, for tests and runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.credentials import canonical_fields
from kaireon_orch.control import connector_rows, contents, roles, secrets
from kaireon_orch.control.references import Resolver

if TYPE_CHECKING:
    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.contents import Content
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.store.tables import Connector


ACCESS_KEY = "access_key"


@dataclass(frozen=True, slots=True, repr=False)
class OpenedConnector:
    """Everything about a connector; `config` is as shown, `config_complete` and `auth` hold secrets.

    `auth` has canonical names and only fields that the method knows; None where no credentials are stored.
    `id`, `name`, `resource_key` and `status` of a draft are empty.
    """

    id: str
    name: str
    resource_key: str
    type: str
    spec: ConnectorSpec
    config: dict[str, Any]
    auth_method: str
    auth: dict[str, Any] | None
    config_complete: dict[str, Any]
    status: str
    missing_fields: list[str]

    def __repr__(self) -> str:
        return f"OpenedConnector(id={self.id!r}, type={self.type!r})"

    def for_child(self) -> dict[str, Any]:
        """`{type, config, authMethod, auth}` with the fields that the type knows: what a child's job takes.

        A role is assumed here, in the parent: the child gets the session's keys as an `access_key`. Raises `Fault`
        where AWS does not let us.
        """
        method, auth = self.auth_method, self.auth
        if auth and method == roles.METHOD and self._takes_keys():
            method, auth = ACCESS_KEY, roles.session_keys(auth)
        return {
            "type": self.type,
            "config": contents.known_only(self.spec.config, self.config_complete),
            "authMethod": method,
            "auth": auth,
        }

    def _takes_keys(self) -> bool:
        return any(method.name == ACCESS_KEY for method in self.spec.auth)

    def missing_credentials(self) -> list[str]:
        """The credentials without which a run is refused, as the auth method names them."""
        return self.spec.missing_credentials(self.auth_method, self.config_complete, self.auth or {})


def open_connector(registry: Registry, tenant: str, connector_id: str) -> OpenedConnector:
    """Open a stored connector; `NotFound`, `SecretUnreadable`."""
    with registry.database.read() as session:
        row = connector_rows.row(session, tenant, connector_id)
    content = contents.opened(registry.vault, row).resolved(Resolver(registry.settings.home))
    return of_content(content, row)


def of_content(content: Content, row: Connector | None = None) -> OpenedConnector:
    """Open what was read already; a draft has no row."""
    spec = content.spec
    method = spec.auth_method(content.auth_method)
    auth = contents.known_only(method.model, canonical_fields(content.auth)) if method else {}
    shown = secrets.split(content.config, spec.config).shown
    return OpenedConnector(
        id=row.id if row else "",
        name=row.name if row else "",
        resource_key=row.resource_key if row else "",
        type=content.type,
        spec=spec,
        config=shown,
        auth_method=method.name if method else content.auth_method,
        auth=auth or None,
        config_complete=content.config,
        status=row.status if row else "",
        missing_fields=spec.missing_fields(content.config),
    )
