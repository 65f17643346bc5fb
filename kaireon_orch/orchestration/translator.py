"""From a registry's pipeline to the asset that Dagster shows."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dagster import AllPartitionMapping, AssetDep, AssetKey, AssetSpec, FreshnessPolicy

from kaireon_orch.launch import TAG_PIPELINE, TAG_TENANT
from kaireon_orch.orchestration.conditions import condition_of
from kaireon_orch.orchestration.kinds import kind
from kaireon_orch.orchestration.names import asset_key, source_key
from kaireon_orch.orchestration.timing import rhythm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.pinned import PinnedPipeline


class PipelineTranslator:
    """Decides key, group, kinds, owners, tags and words of a pipeline's asset; override the one method to change them.

    The key must stay the pipeline's own where runs are to be launched over the API.
    """

    def get_asset_spec(self, pipeline: PinnedPipeline) -> AssetSpec:
        """The asset of `pipeline`, downstream of the pipelines whose table it reads, else of its source's external asset."""
        definition = pipeline.pipeline
        outside = [] if pipeline.reads else [_source_key(pipeline)]
        return AssetSpec(
            key=asset_key(*pipeline.asset_key),
            deps=[*outside, *_deps(pipeline)],
            group_name=pipeline.source["resourceKey"],
            kinds={kind(end["type"]) for end in (pipeline.source, pipeline.target) if end and end["type"]},
            tags={TAG_PIPELINE: pipeline.id, TAG_TENANT: pipeline.tenant},
            description=definition.get("description") or _words(pipeline),
            code_version=code_version(definition),
            metadata=_metadata(pipeline),
            freshness_policy=_freshness(definition.get("freshness")),
            owners=definition.get("owners") or None,
            automation_condition=condition_of(definition.get("automation"), outside)
            if pipeline.enabled
            else None,
        )


def _deps(pipeline: PinnedPipeline) -> list[AssetDep]:
    """What it reads of other pipelines; windows of the one say nothing about windows of the other."""
    partitioned = pipeline.pipeline.get("partition") is not None
    return [
        AssetDep(
            asset_key(*each.asset_key),
            partition_mapping=AllPartitionMapping() if partitioned and each.partitioned else None,
        )
        for each in pipeline.reads
    ]


def _freshness(freshness: Mapping[str, Any] | None) -> FreshnessPolicy | None:
    """Stale once that many minutes have passed since the last load; shown without a run."""
    if not freshness:
        return None
    return FreshnessPolicy.time_window(fail_window=timedelta(minutes=freshness["failAfterMinutes"]))


def upstream(pipeline: PinnedPipeline) -> AssetSpec | None:
    """The external asset that stands for the source's table, file or topic; None where pipelines write it."""
    if pipeline.reads:
        return None
    source = pipeline.source
    return AssetSpec(
        key=_source_key(pipeline),
        group_name=source["resourceKey"],
        kinds={kind(source["type"])} if source["type"] else set(),
        description=f"Read from the connector {source['name']}.",
    )


def _source_key(pipeline: PinnedPipeline) -> AssetKey:
    return source_key(pipeline.tenant, pipeline.source["resourceKey"], pipeline.pipeline.get("source") or {})


def code_version(definition: Mapping[str, Any]) -> str:
    """A digest that changes with anything that changes what a run does, and with nothing else."""
    told = {key: value for key, value in definition.items() if key not in _UNTOLD}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


_UNTOLD = frozenset(
    {"description", "tags", "owners", "schedule", "automation", "enabled", "createdAt", "updatedAt"}
)


def _words(pipeline: PinnedPipeline) -> str:
    return (
        f"Pipeline {pipeline.name}: loads from the connector {pipeline.source['name']} into {pipeline.table}, "
        f"{_when(pipeline)}."
    )


def _when(pipeline: PinnedPipeline) -> str:
    """Said on each page, because Dagster lists every schedule of the shared job there."""
    beat = rhythm(pipeline.schedule)
    told = [beat.words] if beat else []
    match pipeline.pipeline.get("automation"):
        case {"kind": "new_files"}:
            told.append("when files appear or change")
        case {"kind": "on_cron", "expression": cron, "timezone": zone}:
            told.append(f"once what it reads was loaded after {cron} ({zone})")
        case {"kind": "on_missing"}:
            told.append("once, when it was never loaded")
        case {"kind": "eager"}:
            told.append("when what it reads was loaded")
    return " and ".join(told) or "when somebody starts it"


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
