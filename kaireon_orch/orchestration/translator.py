"""From a registry's pipeline to the asset that Dagster shows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dagster import AssetSpec, FreshnessPolicy

from kaireon_orch.launch import TAG_PIPELINE, TAG_TENANT
from kaireon_orch.orchestration.names import asset_key, source_key
from kaireon_orch.orchestration.timing import rhythm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import AssetKey

    from kaireon_orch.control.pinned import PinnedPipeline


class PipelineTranslator:
    """Decides key, group, kinds, tags and words of a pipeline's asset; override the one method to change them.

    The key must stay the pipeline's own where runs are to be launched over the API.
    """

    def get_asset_spec(self, pipeline: PinnedPipeline) -> AssetSpec:
        """The asset of `pipeline`, downstream of the external asset of what it reads."""
        definition = pipeline.pipeline
        return AssetSpec(
            key=asset_key(*pipeline.asset_key),
            deps=[_source_key(pipeline)],
            group_name=pipeline.source["resourceKey"],
            kinds={_kind(end["type"]) for end in (pipeline.source, pipeline.target) if end and end["type"]},
            tags={TAG_PIPELINE: pipeline.id, TAG_TENANT: pipeline.tenant},
            description=definition.get("description") or _words(pipeline),
            code_version=code_version(definition),
            metadata=_metadata(pipeline),
            freshness_policy=_freshness(definition.get("freshness")),
        )


def _freshness(freshness: Mapping[str, Any] | None) -> FreshnessPolicy | None:
    """Stale once that many minutes have passed since the last load; shown without a run."""
    if not freshness:
        return None
    return FreshnessPolicy.time_window(fail_window=timedelta(minutes=freshness["failAfterMinutes"]))


def upstream(pipeline: PinnedPipeline) -> AssetSpec:
    """The external asset that stands for the source's table, file or topic."""
    source = pipeline.source
    return AssetSpec(
        key=_source_key(pipeline),
        group_name=source["resourceKey"],
        kinds={_kind(source["type"])} if source["type"] else set(),
        description=f"Read from the connector {source['name']}.",
    )


def _source_key(pipeline: PinnedPipeline) -> AssetKey:
    return source_key(pipeline.tenant, pipeline.source["resourceKey"], pipeline.pipeline.get("source") or {})


def code_version(definition: Mapping[str, Any]) -> str:
    """A digest that changes with anything that changes what a run does, and with nothing else."""
    told = {key: value for key, value in definition.items() if key not in _UNTOLD}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


_UNTOLD = frozenset({"description", "tags", "schedule", "enabled", "createdAt", "updatedAt"})


def _kind(type_slug: str) -> str:
    """Dagster's tag alphabet is a little smaller than a slug's may be."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", type_slug)[:60]


def _words(pipeline: PinnedPipeline) -> str:
    return (
        f"Pipeline {pipeline.name}: loads from the connector {pipeline.source['name']} into {pipeline.table}, "
        f"{_when(pipeline)}."
    )


def _when(pipeline: PinnedPipeline) -> str:
    """Said on each page, because Dagster lists every schedule of the shared job there."""
    beat = rhythm(pipeline.schedule)
    return beat.words if beat else "when somebody starts it"


def _metadata(pipeline: PinnedPipeline) -> dict[str, Any]:
    """What the asset's page shows before any run; nothing of a connector but its name."""
    definition = pipeline.pipeline
    shown = {
        "kaireon/pipeline": pipeline.name,
        "kaireon/connector": pipeline.source["name"],
        "kaireon/load_mode": definition.get("loadMode"),
        "kaireon/schedule": _when(pipeline),
        "kaireon/tags": definition.get("tags"),
        "kaireon/row_limit": definition.get("rowLimit"),
        "dagster/table_name": pipeline.table,
    }
    return {key: value for key, value in shown.items() if value not in (None, [], {})}
