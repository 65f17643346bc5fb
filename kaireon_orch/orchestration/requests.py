"""What runs are told that schedules and sensors start, and what those are told late that somebody starts in the UI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.launch import TAG_PIPELINE, TAG_TENANT, lost_worker_tags

if TYPE_CHECKING:
    from dagster import OpExecutionContext

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.triggers import Triggered


def tags_of(trigger: Triggered) -> dict[str, str]:
    """Tags of a run of that pipeline."""
    return {
        TAG_PIPELINE: trigger.id,
        TAG_TENANT: trigger.tenant,
        **lost_worker_tags(trigger.max_attempts),
    }


def keep_retries(context: OpExecutionContext, pipeline: PinnedPipeline) -> None:
    """Have a lost worker replaced as often as the pipeline says, where whoever started the run did not know it."""
    run, instance = context.run, context.instance
    tags = lost_worker_tags(pipeline.retries["maxAttempts"])
    untold = run.remote_job_origin is not None and not tags.keys() & run.tags.keys()
    if untold and instance.run_retries_max_retries != pipeline.retries["maxAttempts"] - 1:
        instance.add_run_tags(run.run_id, tags)
