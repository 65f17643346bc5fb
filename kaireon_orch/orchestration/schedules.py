"""One Dagster schedule for each distinct rhythm, which asks the registry at its tick what is to run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dagster import DefaultScheduleStatus, RunRequest, ScheduleEvaluationContext, SkipReason, schedule

from kaireon_orch.control import pinned
from kaireon_orch.launch import JOB, TAG_PIPELINE, TAG_TENANT, job_of
from kaireon_orch.orchestration.names import asset_key
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.timing import rhythm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from dagster import AssetKey, ScheduleDefinition

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.orchestration.timing import Rhythm


def schedules_of(pipelines: Iterable[PinnedPipeline]) -> list[ScheduleDefinition]:
    """The schedules of all rhythms that pipelines have, disabled ones included: enabling needs no reload.

    Where partitioned pipelines have one, their job has a schedule of its own: one of Dagster's starts runs of one job.
    """
    known: dict[tuple[Rhythm, str], set[AssetKey]] = defaultdict(set)
    for each in pipelines:
        if (beat := rhythm(each.schedule)) is not None:
            known[beat, job_of(each.pipeline.get("partition"))].add(asset_key(*each.asset_key))
    ordered = sorted(known.items(), key=lambda item: (item[0][0].name, item[0][1]))
    return [_schedule(beat, job, keys) for (beat, job), keys in ordered]


def _schedule(beat: Rhythm, job: str, known: Collection[AssetKey]) -> ScheduleDefinition:
    @schedule(
        name=beat.name + job.removeprefix(JOB),
        cron_schedule=beat.cron,
        execution_timezone=beat.timezone,
        job_name=job,
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"Starts the enabled pipelines that run {beat.words}.",
    )
    def tick(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        at = context.scheduled_execution_time
        if not beat.due(at):
            return SkipReason(f"Runs {beat.words}; this tick is between.")
        requests = [_request(each, at) for each in _due(beat) if asset_key(*each.asset_key) in known]
        return requests or SkipReason(f"No enabled pipeline runs {beat.words}.")

    return tick


def _due(beat: Rhythm) -> list[PinnedPipeline]:
    """The enabled pipelines of that rhythm, as the registry has them now."""
    with open_registry() as registry:
        pipelines = pinned.load(registry, pinned.revision(registry))
    return [each for each in pipelines if each.enabled and rhythm(each.schedule) == beat]


def _request(pipeline: PinnedPipeline, at: datetime) -> RunRequest:
    """One run per pipeline and scheduled time, however often the tick is evaluated."""
    return RunRequest(
        run_key=f"{pipeline.id}:{at.isoformat()}",
        asset_selection=[asset_key(*pipeline.asset_key)],
        tags={TAG_PIPELINE: pipeline.id, TAG_TENANT: pipeline.tenant},
    )
