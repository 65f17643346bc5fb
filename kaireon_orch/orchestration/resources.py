"""The registry's connectors as Dagster resources, each in the class of its type."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kaireon_orch import settings
from kaireon_orch.control import pinned
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.typed import class_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kaireon_orch.control.pinned import ConnectorIdentity
    from kaireon_orch.orchestration.connector import Connector

logger = logging.getLogger(__name__)

TAKEN_BY_DAGSTER = frozenset({"io_manager"})
"""A resource of this name would replace Dagster's own for every asset."""


def resources_of(identities: Iterable[ConnectorIdentity], tenant: str) -> dict[str, Connector]:
    """One resource for each of the tenant's connectors, under its resource key."""
    mine = [each for each in identities if each.tenant == tenant]
    for each in mine:
        if each.resource_key in TAKEN_BY_DAGSTER:
            logger.warning(
                "The connector %s is no resource: Dagster uses that key itself.", each.resource_key
            )
    return {
        each.resource_key: class_of(each.type)(each.resource_key)
        for each in mine
        if each.resource_key not in TAKEN_BY_DAGSTER
    }


def resources() -> dict[str, Connector]:
    """The connectors of the tenant `KAIREON_TENANT` as resources, for `Definitions(resources=ko.resources())`."""
    with open_registry() as registry:
        tenant = registry.settings.tenant
        found = resources_of(pinned.connectors(registry), tenant)
        if not found:
            where = settings.without_password(registry.settings.registry_url)
            logger.warning(
                "The tenant %s has no connectors in %s: is it the right KAIREON_HOME?", tenant, where
            )
    return found
