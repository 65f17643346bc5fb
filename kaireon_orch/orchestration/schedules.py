"""One Dagster schedule for each distinct rhythm, which asks the registry at its tick what is to run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dagster import DefaultScheduleStatus, RunRequest, ScheduleEvaluationContext, SkipReason, schedule

from kaireon_orch.control import triggers
from kaireon_orch.launch import JOB, job_of
from kaireon_orch.orchestration.names import asset_key
from kaireon_orch.orchestration.opening import open_registry, or_skip
from kaireon_orch.orchestration.requests import tags_of
from kaireon_orch.orchestration.timing import rhythm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from dagster import AssetKey, ScheduleDefinition

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.triggers import Triggered
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
    @or_skip
    def tick(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        at = context.scheduled_execution_time
        if not beat.due(at):
            return SkipReason(f"Runs {beat.words}; this tick is between.")
        requests = [_request(each, at) for each in _due(beat) if _key(each) in known]
        return requests or SkipReason(f"No enabled pipeline runs {beat.words}.")

    return tick


def _due(beat: Rhythm) -> list[Triggered]:
    """The enabled pipelines of that rhythm, as the registry has them now."""
    with open_registry() as registry:
        if beat.minutes is not None:
            return triggers.by_interval(registry, beat.minutes)
        return triggers.by_cron(registry, beat.cron, beat.timezone)


def _key(trigger: Triggered) -> AssetKey:
    return asset_key(trigger.tenant, trigger.asset_name)


def _request(trigger: Triggered, at: datetime) -> RunRequest:
    """One run per pipeline and scheduled time, however often the tick is evaluated."""
    return RunRequest(
        run_key=f"{trigger.id}:{at.isoformat()}", asset_selection=[_key(trigger)], tags=tags_of(trigger)
    )
