"""One run, from its request to its end: the same for Dagster, the API and the command line."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import orphans, readiness
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.loads import Load
from kaireon_orch.control.retries import pause_after, retry_words
from kaireon_orch.control.run_records import RunRecord
from kaireon_orch.control.run_requests import Figures, RunEvent, RunOutcome, RunRequest
from kaireon_orch.control.run_views import run_address
from kaireon_orch.control.run_watch import RunWatch
from kaireon_orch.errors import Fault, FaultCode, KaireonError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.control.registry import Registry

__all__ = ["Figures", "RunEvent", "RunOutcome", "RunRequest", "execute", "execute_with_retries"]

LOG = logging.getLogger(__name__)

PAUSES_TO_END = (1, 2, 3, 0)  # seconds after each try


def execute(
    registry: Registry,
    run: RunRequest,
    on_event: Callable[[RunEvent], None],
    *,
    cancel: Event | None = None,
) -> RunOutcome:
    """Run a pipeline once, and keep its row true from start to end.

    Args:
        registry: where the pipeline's connectors are and the run's row is; the row is made where nobody has.
        run: what to run.
        on_event: is told what the run says and how far it is, in this thread.
        cancel: set by anybody, a signal's handler included, it ends the run; nothing of it is in the target then.

    Raises:
        KaireonError: what ended the run, by its `code`: a `Fault` (CANCELED among them), or `Unavailable`. The row
            says the same. Any other exception ends the row as `failed` and passes through.
    """
    cancel = cancel or Event()
    record = RunRecord(registry.database, run.run_id)
    record.start(run)
    with _ending(record, run), RunWatch(record, cancel, on_event) as watch:
        ready = readiness.check(registry, run.pipeline)
        if ready.source is not None:
            orphans.settle_others(registry, run, ready.target)
        row_limit = ready.row_limit(run.row_limit, run.pipeline)
        record.cap(row_limit)
        result = Load(registry, run, ready, row_limit, watch, cancel).perform()
    url = run_address(registry.settings, run.run_id)
    return replace(_completed(record, run, row_limit, result), url=url)


def execute_with_retries(
    registry: Registry,
    run: RunRequest,
    on_event: Callable[[RunEvent], None],
    *,
    cancel: Event | None = None,
) -> RunOutcome:
    """`execute`, again while the fault may pass by itself and the pipeline's `retries` allow: all under one run."""
    cancel = cancel or Event()
    attempt = 1
    while True:
        try:
            return execute(registry, replace(run, attempt=attempt), on_event, cancel=cancel)
        except KaireonError as error:
            pause = pause_after(run.pipeline.retries, attempt, error)
            if pause is None:
                raise
            on_event(RunEvent("warning", retry_words(error, attempt, pause)))
        cancel.wait(pause)  # a cancel ends the pause; the next try then ends the run as canceled
        attempt += 1


@contextmanager
def _ending(record: RunRecord, run: RunRequest) -> Iterator[None]:
    """Whatever leaves the block ends the row, or leaves it running where the run is tried again."""
    try:
        yield
    except KaireonError as error:
        if (words := _next_try(run, error)) is None:
            _fail(record, error)
        else:
            _persist(lambda: record.wait(words))
        raise
    except Exception as error:
        _fail(record, KaireonError(f"The run met an unexpected {type(error).__name__}; please report it."))
        raise
    except BaseException:
        _fail(record, Fault(FaultCode.CANCELED, "The run was interrupted."))
        raise


def _next_try(run: RunRequest, error: KaireonError) -> str | None:
    """What the run says while it waits for its next try; None where there is none."""
    if run.attempt is None:
        return None
    pause = pause_after(run.pipeline.retries, run.attempt, error)
    return None if pause is None else retry_words(error, run.attempt, pause)


def _fail(record: RunRecord, error: KaireonError) -> None:
    status = "canceled" if error.code == FaultCode.CANCELED else "failed"
    _persist(lambda: record.fail(error, status=status))


def _persist(write: Callable[[], object]) -> None:
    """Write a row's end through a short outage; a longer one leaves it to whoever settles silent runs."""
    for pause in PAUSES_TO_END:
        try:
            write()
        except Unavailable as error:
            LOG.warning("The run's end is not recorded yet: %s", error.message)
            time.sleep(pause)
        else:
            return


def _completed(
    record: RunRecord, run: RunRequest, row_limit: int | None, result: Mapping[str, Any]
) -> RunOutcome:
    figures = Figures.of(result)
    status = "completed_with_errors" if figures.rows_rejected else "completed"
    limit_reached = bool(result.get("limitReached"))
    ending = {
        "receipt": result.get("receipt"),
        "message": result.get("message"),
        "limit_reached": limit_reached,
    }
    _persist(lambda: record.complete(status, figures, ending))
    return RunOutcome(
        run_id=run.run_id,
        status=status,
        duration_ms=max(now_ms() - record.started_at, 0),
        row_limit=row_limit,
        rows_read=figures.rows_read,
        rows_loaded=figures.rows_loaded,
        rows_rejected=figures.rows_rejected,
        rows_skipped=figures.rows_skipped,
        bytes_read=figures.bytes_read,
        limit_reached=limit_reached,
        already_loaded=bool(result.get("alreadyLoaded")),
        table=result.get("table"),
        schema=result.get("schema") or (),
        row_count=result.get("rowCount"),
        receipt=result.get("receipt") or {},
        message=result.get("message"),
        left_out=result.get("leftOut") or (),
        snapshot=result.get("snapshot"),
        watermark_before=result.get("watermarkBefore"),
        watermark_after=result.get("watermarkAfter"),
        tally=result.get("tally"),
    )
