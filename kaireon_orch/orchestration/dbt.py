"""dbt downstream of pipelines: its sources are their assets."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dagster import AssetKey

from kaireon_orch.control import pinned, warehouse
from kaireon_orch.errors import Fault, FaultCode, Unavailable
from kaireon_orch.orchestration import internals
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.settings import tenant as own_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

logger = logging.getLogger(__name__)

Place = tuple[str, str]
"""Schema and table, in small letters."""


def dbt_translator(
    *,
    tenant: str | None = None,
    target: str | None = None,
    settings: DagsterDbtTranslatorSettings | None = None,
) -> DagsterDbtTranslator:
    """A translator for `@dbt_assets` that knows which of dbt's sources a pipeline of the registry loads.

    A source whose schema and table are a pipeline's target becomes that pipeline's asset, so that lineage goes from the
    model back to what the pipeline reads. `meta.dagster.asset_key` of a source goes before; other sources keep dbt's own
    keys. The registry is read once, now; where it is out of reach, a table of the tenant's own schema is taken for a
    pipeline of the same name.

    Args:
        tenant: whose pipelines; `KAIREON_TENANT` where it is left out.
        target: the resource key of the connector that dbt works in; None: the built-in warehouse.
        settings: as `DagsterDbtTranslator` takes them.

    Raises:
        Fault: NOT_READY where `dagster-dbt` is not installed.
    """
    if find_spec("dagster_dbt") is None:
        raise Fault(
            FaultCode.NOT_READY,
            "dagster-dbt is not installed here; install it with: pip install 'kaireon-orch[dbt]'",
        )
    from kaireon_orch.orchestration.dbt_sources import RegistryDbtTranslator  # noqa: PLC0415  dbt, for its users alone

    tables = _loaded_by_pipelines(tenant or own_tenant(), target)
    return RegistryDbtTranslator(tables, settings)


class Tables:
    """Which asset loads a table."""

    def __init__(self, known: Mapping[Place, AssetKey] | None, tenant: str) -> None:
        self._known = known
        self._tenant = tenant

    def asset_of(self, source: Mapping[str, Any]) -> AssetKey | None:
        """The asset of a dbt source, by its schema and its table; None for one that no pipeline loads."""
        place = (str(source["schema"]).lower(), str(source.get("identifier") or source["name"]).lower())
        if self._known is not None:
            return self._known.get(place)
        own = place[0] == warehouse.default_schema(self._tenant)
        return AssetKey([self._tenant, pinned.slug(place[1])]) if own else None


def _loaded_by_pipelines(tenant: str, target: str | None) -> Tables:
    try:
        with open_registry() as registry:
            revision = internals.pinned_revision() or pinned.revision(registry)
            found = pinned.load(registry, revision)
    except Unavailable as error:
        logger.warning("The registry is out of reach, so dbt's sources go by their names: %s", error.message)
        return Tables(None, tenant)
    mine = [each for each in found if each.tenant == tenant and _target_of(each) == target]
    return Tables({_place_of(each): AssetKey(each.asset_key) for each in reversed(mine)}, tenant)


def _target_of(pipeline: pinned.PinnedPipeline) -> str | None:
    return None if pipeline.target is None else str(pipeline.target["resourceKey"])


def _place_of(pipeline: pinned.PinnedPipeline) -> Place:
    target = pipeline.pipeline["target"]
    return str(target["schema"]).lower(), str(target["table"]).lower()
