"""Runs as ops, for graphs and op jobs: the same run as the asset's, recorded as its materialization."""

from typing import TYPE_CHECKING

from dagster import AssetMaterialization, OpExecutionContext, job, op

from kaireon_orch import settings
from kaireon_orch.control import pinned
from kaireon_orch.errors import NotFound
from kaireon_orch.orchestration.config import PipelineRunConfig, RunConfig
from kaireon_orch.orchestration.failures import end_of
from kaireon_orch.orchestration.metadata import metadata_of
from kaireon_orch.orchestration.names import OP, OP_JOB, asset_key
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.running import run_pipeline as run_one

if TYPE_CHECKING:
    from dagster import OpDefinition

    from kaireon_orch.control.pinned import PinnedPipeline


@op(name=OP, description="Runs the pipeline that its config names.")
def run_pipeline(context: OpExecutionContext, config: PipelineRunConfig) -> None:
    """The op of the job `run_pipeline`; the pipeline is looked up when the run starts."""
    _run(context, config.pipeline, config)


def pipeline_op(pipeline: str, *, name: str | None = None) -> "OpDefinition":
    """An op that runs the pipeline of that name (or last asset key part) of the tenant `KAIREON_TENANT`."""

    @op(name=name or f"run_{pinned.slug(pipeline)}", description=f"Runs the pipeline {pipeline}.")
    def run_named(context: OpExecutionContext, config: RunConfig) -> None:
        _run(context, pipeline, config)

    return run_named


@job(name=OP_JOB, description="Runs one pipeline, named in the run's config; also from the launchpad.")
def run_pipeline_job() -> None:
    """One op: `run_pipeline`."""
    run_pipeline()


def _run(context: OpExecutionContext, name: str, config: RunConfig) -> None:
    pipeline = _named(name)
    outcome = run_one(context, pipeline, config)
    key = asset_key(*pipeline.asset_key)
    context.log_event(AssetMaterialization(key, metadata=metadata_of(outcome, pipeline)))


def _named(name: str) -> "PinnedPipeline":
    """The tenant's pipeline of that name, as it is now."""
    try:
        with open_registry() as registry:
            return pinned.by_name(registry, settings.load().tenant, name)
    except NotFound as error:
        failure = end_of(error)
    raise failure from None
