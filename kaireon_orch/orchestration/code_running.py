"""One run of one table that is written in code: the registry's row, the guarded child and the retries are a pipeline's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kaireon_orch import settings
from kaireon_orch.control import execution
from kaireon_orch.control.run_requests import RunRequest
from kaireon_orch.errors import KaireonError
from kaireon_orch.orchestration import overriding
from kaireon_orch.orchestration.failures import end_of, failure_of
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.partitions import window_of
from kaireon_orch.orchestration.running import (
    Narrator,
    first_try_of,
    follow,
    let_dagster_interrupt,
    run_id_of,
    trigger_of,
)

if TYPE_CHECKING:
    from dagster import AssetExecutionContext

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome
    from kaireon_orch.orchestration.code_tables import CodePipeline
    from kaireon_orch.orchestration.config import RunConfig


def run_table(
    context: AssetExecutionContext, pipeline: CodePipeline, config: RunConfig, *, tally: bool = False
) -> tuple[RunOutcome, PinnedPipeline, bool]:
    """Load the table, or the partition of it that the run is for, and say which of the two it was.

    Raises Failure, whose words are safe, once its `retries` are used up. `tally`: have the target count its rows and the
    key's after the load.
    """
    try:
        window = window_of(context, pipeline.sketch(settings.tenant()))
        if overriding.concerns(pipeline.source, pipeline.target):
            loaded = overriding.load(pipeline, config, run_of(context, pipeline), window)
            return *loaded, window is not None
        with open_registry() as registry:
            pinned = pipeline.pin(registry, settings.tenant())
            request = replace(request_of(context, pipeline, pinned, config), window=window, tally=tally)
            narrator = Narrator(context.log)
            outcome = follow(registry, request, narrator, execution.execute_with_retries)
            return outcome, pinned, window is not None
    except KaireonError as error:
        let_dagster_interrupt(error)
        end: Exception = end_of(error)
    except Exception as error:  # noqa: BLE001  the seam: every error becomes Dagster's, none is swallowed
        end = failure_of(error, {}, 1)
    raise end from None


def run_of(context: AssetExecutionContext, pipeline: CodePipeline) -> str:
    """The load's id: the same for every try of the same run of Dagster's."""
    return run_id_of(first_try_of(context.run), pipeline.id, alone=False)


def request_of(
    context: AssetExecutionContext, pipeline: CodePipeline, pinned: PinnedPipeline, config: RunConfig
) -> RunRequest:
    """What the run's config asks for."""
    run = context.run
    from_code = run.remote_job_origin is None
    return RunRequest(
        run_id=run_of(context, pipeline),
        tenant=pinned.tenant,
        pipeline=pinned,
        trigger=trigger_of(run.tags, from_code=from_code),
        row_limit=config.row_limit,
        full_refresh=config.full_refresh,
        verify=config.verify,
        dagster_run=None if from_code else run.run_id,
    )
