"""One run of one pipeline, seen from a Dagster op: the same run as over the API or from the command line."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from logging import getLevelNamesMapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid5

from kaireon_orch.control import execution, pinned
from kaireon_orch.control.run_requests import RunRequest
from kaireon_orch.errors import FaultCode
from kaireon_orch.launch import TAG_REVISION, TAG_TRIGGER
from kaireon_orch.orchestration.failures import failure_of
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.requests import keep_retries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

    from dagster import DagsterRun, OpExecutionContext

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_requests import RunEvent, RunOutcome
    from kaireon_orch.orchestration.config import RunConfig

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
INTERRUPT_SECONDS = 5.0

RETRY_NUMBER_TAG = "dagster/retry_number"
"""On runs that Dagster itself starts in place of a lost one, and on no re-execution that somebody asks for."""

_TOLD = frozenset({"api", "cli", "code", "schedule", "sensor", "ui"})
_TRIGGERS = {"dagster/schedule_name": "schedule", "dagster/sensor_name": "sensor"}


class Run(Protocol):
    """`execution.execute`, or the same with its retries."""

    def __call__(
        self,
        registry: Registry,
        run: RunRequest,
        on_event: Callable[[RunEvent], None],
        *,
        cancel: threading.Event | None,
    ) -> RunOutcome: ...


def run_pipeline(
    context: OpExecutionContext,
    pipeline: PinnedPipeline,
    config: RunConfig,
    window: Mapping[str, Any] | None = None,
    *,
    tally: bool = False,
) -> RunOutcome:
    """Run `pipeline`, or `window` of it, as `context`'s run; raises Failure or RetryRequested, and cancels on an interrupt.

    `tally`: have the target count its rows and the key's after the load.
    """
    request = replace(request_of(context, pipeline, config), window=window, tally=tally)
    keep_retries(context, pipeline)
    try:
        with open_registry() as registry:
            return follow(registry, as_launched(registry, request, context.run.tags), Narrator(context.log))
    except Exception as error:  # noqa: BLE001  the seam: every error becomes Dagster's, none is swallowed
        attempt = context.retry_number + 1
        let_dagster_interrupt(error)
        failure = failure_of(error, pipeline.retries, attempt)
        context.log.warning(_words(error, attempt))
    raise failure from None


def let_dagster_interrupt(error: Exception) -> None:
    """A cancelled run sees the request before Dagster's own interrupt may arrive, which then ends it as canceled."""
    if getattr(error, "code", None) == FaultCode.CANCELED:
        time.sleep(INTERRUPT_SECONDS)


def request_of(context: OpExecutionContext, pipeline: PinnedPipeline, config: RunConfig) -> RunRequest:
    """What the op's config asks for, under the id that `run_id_of` gives."""
    run = context.run
    from_code = run.remote_job_origin is None
    return RunRequest(
        run_id=run_id_of(first_try_of(run), pipeline.id, alone=len(context.job_def.nodes) == 1),
        tenant=pipeline.tenant,
        pipeline=pipeline,
        trigger=trigger_of(run.tags, from_code=from_code),
        row_limit=config.row_limit,
        full_refresh=config.full_refresh,
        verify=config.verify,
        attempt=context.retry_number + 1,
        dagster_run=None if from_code else run.run_id,
    )


def as_launched(registry: Registry, request: RunRequest, tags: Mapping[str, str]) -> RunRequest:
    """The run with its pipeline as it was at the launch, which may be newer than the definitions that run it."""
    told = tags.get(TAG_REVISION, "")
    if not told.isdecimal():
        return request
    return replace(request, pipeline=pinned.at(registry, request.pipeline, int(told)))


def first_try_of(run: DagsterRun) -> str:
    """Dagster's id of the run that lost its worker, where it started this one in its place; else the run's own.

    All of them are one load: what was committed before the worker was lost is found in the target's ledger.
    """
    again = RETRY_NUMBER_TAG in run.tags and run.root_run_id is not None
    return run.root_run_id if again else run.run_id  # type: ignore[return-value]  # `again` says that it is there


def run_id_of(dagster_run: str, pipeline_id: str, *, alone: bool) -> str:
    """Dagster's own run id; where its run holds several pipelines each has one derived from it, the same at a retry."""
    return dagster_run if alone else str(uuid5(UUID(dagster_run), pipeline_id))


def trigger_of(tags: Mapping[str, str], *, from_code: bool) -> str:
    """What started a run: our own tag first, then Dagster's; `ui` for one that nobody else started."""
    if (told := tags.get(TAG_TRIGGER)) in _TOLD:
        return str(told)
    named = (trigger for tag, trigger in _TRIGGERS.items() if tag in tags)
    return next(named, "code" if from_code else "ui")


def follow(
    registry: Registry, request: RunRequest, narrator: Narrator, run: Run = execution.execute
) -> RunOutcome:
    """Execute in a thread of its own and tell its events; an interrupt here cancels there and is waited for."""
    events: SimpleQueue[RunEvent | None] = SimpleQueue()
    cancel = threading.Event()

    def execute() -> RunOutcome:
        try:
            return run(registry, request, events.put, cancel=cancel)
        finally:
            events.put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="kaireon-run") as pool:
        outcome = pool.submit(execute)
        try:
            while (event := events.get()) is not None:
                narrator.tell(event)
        except BaseException:
            cancel.set()
            raise
        return outcome.result()


class Narrator:
    """Writes a run's events to Dagster's log; progress at growing intervals, so that a long load stays readable."""

    def __init__(self, log: Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._pause = FIRST_PAUSE_SECONDS
        self._next = 0.0

    def tell(self, event: RunEvent) -> None:
        """One event; progress that comes too early is left out, the run's row has it anyway."""
        if event.figures and not self._progress_is_due():
            return
        self._log.log(getLevelNamesMapping()[event.level.upper()], event.message)

    def _progress_is_due(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return True


def _words(error: Exception, attempt: int) -> str:
    code = getattr(error, "code", type(error).__name__)
    return f"Attempt {attempt} failed: {code}: {getattr(error, 'message', 'unexpected')}"
