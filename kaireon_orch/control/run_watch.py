"""Beside a run: its figures and events go to the registry twice a second, and a request to cancel comes back."""

from __future__ import annotations

import logging
import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Self

from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.run_requests import Figures, RunEvent
from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from kaireon_orch.control.run_records import RunRecord

LOG = logging.getLogger(__name__)

TICK_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0


class RunWatch:
    """Collects what a run says; a thread of its own writes it, so that a slow registry never holds the load up.

    A registry that is out of reach for a while costs nothing but late figures.
    """

    def __init__(self, record: RunRecord, cancel: Event, on_event: Callable[[RunEvent], None]) -> None:
        self.committing = False
        """Whether the load has begun to commit: from then on the target's ledger alone knows what is there."""
        self._record = record
        self._cancel = cancel
        self._on_event = on_event
        self._figures = record.figures
        self._events: list[tuple[int, RunEvent]] = []
        self._moved = False
        self._lock = Lock()
        self._over = Event()
        self._since = self._written = time.monotonic()
        self._thread = Thread(target=self._watch, name=f"run-{record.run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._tick(last=True)

    @property
    def figures(self) -> Figures:
        """The newest figures."""
        return self._figures

    def say(self, level: str, message: str) -> None:
        """One event, kept and passed on."""
        event = RunEvent(level, message)
        with self._lock:
            self._events.append((now_ms(), event))
            self._moved = True
        self._on_event(event)

    def progress(self, figures: Figures) -> None:
        """New figures, passed on; the registry gets the newest of them at the next tick."""
        with self._lock:
            self._figures = figures
            self._moved = True
        passed = time.monotonic() - self._since
        self._on_event(RunEvent("info", progress_words(figures, passed), figures))

    def _watch(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            self._tick()

    def _tick(self, *, last: bool = False) -> None:
        due = last or time.monotonic() - self._written >= HEARTBEAT_SECONDS
        with self._lock:
            moved, self._moved = self._moved, False
            events, self._events = self._events, []
            figures = self._figures
        try:
            asked = self._record.move(figures, events) if moved or due else self._record.cancel_requested()
        except Unavailable as error:
            LOG.warning("The figures of run %s wait: %s", self._record.run_id, error.message)
            with self._lock:
                self._events, self._moved = events + self._events, True
            return
        if moved or due:
            self._written = time.monotonic()
        if asked:
            self._cancel.set()


def progress_words(figures: Figures, seconds: float) -> str:
    """How far a load is after so many seconds: rows, bytes, and the rate since it began."""
    rate = f", {figures.rows_read / seconds:,.0f} rows/s" if seconds >= 1 else ""
    size = figures.bytes_read / 1_000_000
    return f"{figures.rows_read:,} rows read, {figures.rows_loaded:,} loaded, {size:,.1f} MB{rate}"
