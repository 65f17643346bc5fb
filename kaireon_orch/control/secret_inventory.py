"""Every secret of an installation in the clear, with whose it is: what a search for leaks looks for."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.engine import make_url

from kaireon_orch.contract.credentials import canonical_method
from kaireon_orch.control import contents, secret_values, secrets, tenants
from kaireon_orch.control.references import Resolver, variables
from kaireon_orch.errors import KaireonError, SecretUnreadable
from kaireon_orch.store.tables import Connector, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.contents import Content
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.settings import Settings

PAGE = 500
INSTALLATION = "(this installation)"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a secret is: tenant, connector's name and field as callers write it."""

    tenant: str
    connector: str
    field: str


@dataclass(slots=True)
class Inventory:
    """What was met on the way: counts, and the environment's variables that connectors refer to."""

    counts: Counter[str] = field(default_factory=Counter)
    variables: set[str] = field(default_factory=set)

    def every(self, registry: Registry) -> Iterator[tuple[Owner, str]]:
        """Each secret value; a value that several hold comes once for each."""
        yield from self._of_installation(registry.settings)
        yield from self._of_tenants(registry)
        with registry.database.read() as session:
            rows = select(Connector).order_by(Connector.id).execution_options(yield_per=PAGE)
            for row in session.scalars(rows):
                self.counts["connectors"] += 1
                yield from self._of_row(registry, row)

    def _of_row(self, registry: Registry, row: Connector) -> Iterator[tuple[Owner, str]]:
        try:
            content = contents.opened(registry.vault, row)
        except SecretUnreadable:
            self.counts["unreadable"] += 1
            return
        resolved = self._resolved(content, Resolver(registry.settings.home))
        for found in of_content(resolved):
            yield Owner(row.tenant, row.name, found.field), found.value

    def _resolved(self, content: Content, resolver: Resolver) -> Content:
        """The content with what this process can resolve; the rest is counted, and not known here."""
        whole = contents.whole(content)
        for pointer in content.references:
            self.variables.update(variables(str(contents.at(whole, pointer))))
        try:
            return content.resolved(resolver)
        except KaireonError:
            self.counts["unresolved"] += len(content.references)
            return content

    def _of_tenants(self, registry: Registry) -> Iterator[tuple[Owner, str]]:
        with registry.database.read() as session:
            names = list(session.scalars(select(Tenant.name).where(Tenant.secrets.is_not(None))))
        for name in names:
            try:
                yield Owner(name, "(the tenant itself)", "hashKey"), tenants.hash_key(registry, name)
            except SecretUnreadable:
                self.counts["unreadable"] += 1

    def _of_installation(self, settings: Settings) -> Iterator[tuple[Owner, str]]:
        for name, value in _own(settings):
            yield Owner("", INSTALLATION, name), value


def of_content(content: Content) -> Iterator[secret_values.SecretValue]:
    """The secret values of one connector's content."""
    if not contents.is_known(content.type):
        return secret_values.of_connector(None, None, content.config, content.auth)
    method = content.spec.auth_method(canonical_method(content.auth_method))
    model = method.model if method else None
    return secret_values.of_connector(content.spec.config, model, content.config, content.auth)


def _own(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, key in settings.encryption_keys:
        text = key.get_secret_value()
        yield f"KAIREON_ENCRYPTION_KEYS ({name})", text
        yield f"KAIREON_ENCRYPTION_KEYS ({name})", base64.b64decode(text).decode("latin-1")
    yield "KAIREON_API_KEY_PEPPER", settings.pepper.get_secret_value()
    for name, url in (
        ("KAIREON_DATABASE_URL", settings.registry_url),
        ("KAIREON_WAREHOUSE_URL", settings.warehouse_url),
        ("KAIREON_REDIS_URL", settings.redis_address),
    ):
        password = make_url(url).password if url and "@" in url else None
        if password:
            yield name, password
            yield from ((name, part) for part in secrets.url_parts(str(url)).values())
