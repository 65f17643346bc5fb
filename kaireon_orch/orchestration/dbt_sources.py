"""The translator itself; importing this imports dagster-dbt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_dbt import DagsterDbtTranslator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import AssetKey
    from dagster_dbt import DagsterDbtTranslatorSettings

    from kaireon_orch.orchestration.dbt import Tables


class RegistryDbtTranslator(DagsterDbtTranslator):
    """Dagster's own, but for sources that a pipeline loads: those have its asset's key."""

    def __init__(self, tables: Tables, settings: DagsterDbtTranslatorSettings | None = None) -> None:
        super().__init__(settings)
        self._tables = tables

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """The pipeline's asset, where dbt's resource is a source that one loads and names no key itself."""
        if dbt_resource_props["resource_type"] == "source" and not _names_a_key(dbt_resource_props):
            found = self._tables.asset_of(dbt_resource_props)
            if found is not None:
                return found
        return super().get_asset_key(dbt_resource_props)


def _names_a_key(source: Mapping[str, Any]) -> bool:
    meta = source.get("config", {}).get("meta") or source.get("meta") or {}
    return bool(meta.get("dagster", {}).get("asset_key"))
