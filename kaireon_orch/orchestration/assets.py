"""Pipelines as assets: one each, an op below it that runs the pipeline and says what its checks found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster import AssetCheckResult, AssetExecutionContext, AssetKey, Failure, MaterializeResult, multi_asset

from kaireon_orch.launch import op_name
from kaireon_orch.orchestration import checks
from kaireon_orch.orchestration.config import RunConfig
from kaireon_orch.orchestration.failures import code_of
from kaireon_orch.orchestration.metadata import metadata_of, observations_of
from kaireon_orch.orchestration.names import pool_name
from kaireon_orch.orchestration.partitions import ONE_LOAD, partitions_of, window_of
from kaireon_orch.orchestration.running import run_pipeline

if TYPE_CHECKING:
    from dagster import AssetsDefinition, AssetSpec

    from kaireon_orch.control.pinned import PinnedPipeline

Told = MaterializeResult[None] | AssetCheckResult


def pipeline_asset(pipeline: "PinnedPipeline", spec: "AssetSpec") -> "AssetsDefinition":
    """The asset `spec`, whose run runs `pipeline` as it is pinned; its checks can also run alone."""
    partitions = partitions_of(pipeline.pipeline.get("partition"))

    @multi_asset(
        name=op_name(pipeline.asset_key),
        specs=[spec],
        check_specs=checks.specs_of(pipeline, spec.key),
        can_subset=True,
        pool=pool_name(pipeline.tenant, pipeline.source["resourceKey"]),
        partitions_def=partitions,
        backfill_policy=None if partitions is None else ONE_LOAD,
    )
    def asset(context: AssetExecutionContext, config: RunConfig) -> Iterator[Told]:
        if spec.key in context.selected_asset_keys:
            yield from loaded(context, config, pipeline, spec.key)
        else:
            yield from checks.now(context, pipeline, spec.key, checks.chosen(context, spec.key))

    return asset


def loaded(
    context: AssetExecutionContext, config: RunConfig, pipeline: "PinnedPipeline", key: AssetKey
) -> Iterator[Told]:
    """Run the pipeline: its materialisation with the checks of this run. A load is committed before they are judged."""
    names, window = checks.chosen(context, key), window_of(context, pipeline)
    last = checks.before_load(context.instance, key, names)
    counts = checks.PRIMARY_KEY in names
    try:
        outcome = run_pipeline(context.op_execution_context, pipeline, config, window, tally=counts)
    except Failure as failure:
        yield from checks.refused(code_of(failure), failure.description or "", key, names)
        raise
    for observation in observations_of(outcome, pipeline):
        context.log_event(observation)
    windowed = window is not None
    yield MaterializeResult(
        asset_key=key,
        metadata=metadata_of(outcome, pipeline, windowed=windowed),
        check_results=checks.after_load(outcome, pipeline, key, names, last, windowed=windowed),
    )
