"""Pipelines as assets: one each, an op below it that runs the pipeline."""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, MaterializeResult, multi_asset

from kaireon_orch.launch import op_name
from kaireon_orch.orchestration.config import RunConfig
from kaireon_orch.orchestration.metadata import metadata_of
from kaireon_orch.orchestration.names import pool_name
from kaireon_orch.orchestration.partitions import ONE_LOAD, partitions_of, window_of
from kaireon_orch.orchestration.running import run_pipeline

if TYPE_CHECKING:
    from dagster import AssetsDefinition, AssetSpec

    from kaireon_orch.control.pinned import PinnedPipeline


def pipeline_asset(pipeline: "PinnedPipeline", spec: "AssetSpec") -> "AssetsDefinition":
    """The asset `spec`, whose run runs `pipeline` as it is pinned."""
    partitions = partitions_of(pipeline.pipeline.get("partition"))

    @multi_asset(
        name=op_name(pipeline.asset_key),
        specs=[spec],
        pool=pool_name(pipeline.tenant, pipeline.source["resourceKey"]),
        partitions_def=partitions,
        backfill_policy=None if partitions is None else ONE_LOAD,
    )
    def asset(context: AssetExecutionContext, config: RunConfig) -> MaterializeResult[None]:
        window = window_of(context, pipeline)
        outcome = run_pipeline(context.op_execution_context, pipeline, config, window)
        return MaterializeResult(asset_key=spec.key, metadata=metadata_of(outcome, pipeline))

    return asset
