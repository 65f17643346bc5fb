"""A run as callers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control.clock import iso, iso_or_none, now_ms
from kaireon_orch.control.views import View

if TYPE_CHECKING:
    from kaireon_orch.settings import Settings
    from kaireon_orch.store.tables import Run, RunEvent

ENDED = frozenset({"completed", "completed_with_errors", "failed", "canceled"})
STATUSES = ENDED | {"pending", "running"}

_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104  recognised, not bound


class RunErrorView(View):
    """Why a run failed: a stable code, and words that say what to do."""

    code: str
    message: str


class RunView(View):
    """The run object: rows and bytes are counts, `durationMs` grows while it runs; times are ISO 8601, UTC, ms."""

    id: str
    pipeline_id: str
    status: str
    trigger: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rows_skipped: int
    bytes_read: int
    duration_ms: int | None
    load_mode: str
    row_limit: int | None
    limit_reached: bool
    receipt: dict[str, Any] | None
    message: str | None
    error: RunErrorView | None
    url: str | None
    queued_at: str
    started_at: str | None
    ended_at: str | None


class RunEventView(View):
    """One thing that a run said; `figures` are the run's at that moment."""

    id: str
    at: str
    level: str
    message: str
    figures: dict[str, Any]


def run_view(row: Run, settings: Settings) -> RunView:
    """The run object of a row."""
    error = RunErrorView(code=row.error_code, message=row.error_message or "") if row.error_code else None
    return RunView(
        id=row.id,
        pipeline_id=row.pipeline_id,
        status=row.status,
        trigger=row.trigger,
        rows_read=row.rows_read,
        rows_loaded=row.rows_loaded,
        rows_rejected=row.rows_rejected,
        rows_skipped=row.rows_skipped,
        bytes_read=row.bytes_read,
        duration_ms=_duration(row),
        load_mode=row.load_mode,
        row_limit=row.row_limit,
        limit_reached=row.limit_reached,
        receipt=row.receipt,
        message=row.message,
        error=error,
        url=f"{settings.dagster_url}/runs/{row.dagster_run}" if row.dagster_run else None,
        queued_at=iso(row.queued_at),
        started_at=iso_or_none(row.started_at),
        ended_at=iso_or_none(row.ended_at),
    )


def run_address(settings: Settings, run_id: str) -> str | None:
    """Where the API shows a run; None where it listens on every address, and nobody here knows the one to go by."""
    host = settings.api_host
    if host in _EVERY_ADDRESS:
        return None
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}/api/v1/runs/{run_id}"


def event_view(row: RunEvent) -> RunEventView:
    """The event object of a row."""
    return RunEventView(
        id=str(row.seq), at=iso(row.at), level=row.level, message=row.message, figures=row.figures
    )


def _duration(row: Run) -> int | None:
    if row.started_at is None:
        return None
    return (row.ended_at if row.ended_at is not None else now_ms()) - row.started_at
