"""Sensors that tell the registry how runs ended of which our own code could not: failed and canceled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunStatusSensorContext,
    SkipReason,
    run_failure_sensor,
    run_status_sensor,
)

from kaireon_orch import settings
from kaireon_orch.control import dagster_ends, pinned
from kaireon_orch.control.dagster_ends import End
from kaireon_orch.errors import NotFound
from kaireon_orch.launch import TAG_WILL_RETRY
from kaireon_orch.orchestration.names import OP_JOB
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.running import first_try_of, run_id_of, trigger_of

if TYPE_CHECKING:
    from dagster import DagsterRun, SensorDefinition

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

LOOK_SECONDS = 10
MOST = 1000
"""Pipelines of one run that are looked at; a run of more tells of itself in Dagster alone."""

REASON_TAG = "dagster/failure_reason"
UNKNOWN = "UNKNOWN"


@run_failure_sensor(
    name="kaireon_failed_runs",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Records in the registry why runs failed that could not record it themselves.",
)
def failed_runs(context: RunFailureSensorContext) -> SkipReason:
    """A run that Dagster starts again has not ended."""
    run = context.instance.get_run_by_id(context.dagster_run.run_id) or context.dagster_run
    if run.tags.get(TAG_WILL_RETRY) == "true":
        return SkipReason(f"Dagster starts the run {run.run_id} again.")
    return _told(run, run.tags.get(REASON_TAG, UNKNOWN))


@run_status_sensor(
    run_status=DagsterRunStatus.CANCELED,
    name="kaireon_canceled_runs",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Records in the registry that runs were canceled that could not record it themselves.",
)
def canceled_runs(context: RunStatusSensorContext) -> SkipReason:
    """Also of runs that were canceled while they waited."""
    return _told(context.dagster_run, None)


RUN_END_SENSORS: list[SensorDefinition] = [failed_runs, canceled_runs]


def _told(run: DagsterRun, reason: str | None) -> SkipReason:
    end = End(run.run_id, trigger_of(run.tags, from_code=run.remote_job_origin is None), reason)
    with open_registry() as registry:
        settled = dagster_ends.settle(registry, _pipelines(registry, run), end)
    if settled:
        return SkipReason(f"Recorded as {end.status}: {', '.join(settled)}.")
    return SkipReason(f"The run {run.run_id} has recorded its own end.")


def _pipelines(registry: Registry, run: DagsterRun) -> dict[str, PinnedPipeline]:
    """The pipelines of a run by the ids under which the registry knows their runs."""
    first = first_try_of(run)
    selected = [key.path for key in run.asset_selection or ()]
    if not selected:
        return {first: named} if (named := _of_the_op(registry, run)) is not None else {}
    found = pinned.load(registry, pinned.revision(registry), selected[:MOST])
    return {run_id_of(first, each.id, alone=len(selected) == 1): each for each in found}


def _of_the_op(registry: Registry, run: DagsterRun) -> PinnedPipeline | None:
    """The pipeline that a run of the job `run_pipeline` names, where it names one."""
    if run.job_name != OP_JOB:
        return None
    match run.run_config:
        case {"ops": {"pipeline": {"config": {"pipeline": str(name)}}}}:
            pass
        case _:
            return None
    try:
        return pinned.by_name(registry, settings.tenant(), name)
    except NotFound:
        return None
