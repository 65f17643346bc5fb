"""`kaireon pipelines run`: a run in this process, by the same code that a run in Dagster has.

On its own because it is to start at once: what other commands need is not imported here.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from kaireon_orch.cli.lifeline import STOP_SIGNALS
from kaireon_orch.cli.registry import opened, operator
from kaireon_orch.cli.tables import print_json
from kaireon_orch.control import runs
from kaireon_orch.control.execution import RunEvent, RunOutcome, execute_with_retries
from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FINE = {"completed", "completed_with_errors"}


def run(name: str, tenant: str | None, body: Mapping[str, Any], *, as_json: bool) -> int:
    """Run the pipeline of that name to its end; the exit code. `body` is that of a run over the API.

    Raises NotFound, and InvalidInput for `body`.
    """
    with opened() as registry, _cancelled_by_signals() as cancel:
        caller = operator(registry, tenant)
        request = runs.local_request(registry, caller, name, body)
        with _Bar(name, request.row_limit) as bar:
            failure = None
            try:
                bar.finish(execute_with_retries(registry, request, bar.tell, cancel=cancel))
            except KaireonError as error:
                # The run's row says the same; it is shown below like any other end.
                failure = error
        ended = runs.get(registry, caller, request.run_id).to_json()
    if as_json:
        print_json(ended)
    else:
        _print_end(name, ended)
    return 0 if failure is None and ended["status"] in FINE else 1


@contextmanager
def _cancelled_by_signals() -> Iterator[Event]:
    """An event that a signal sets while the block runs."""
    cancel = Event()
    before = {number: signal.signal(number, lambda *_: cancel.set()) for number in STOP_SIGNALS}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Bar:
    """Rows read and loaded, on stderr; without a row limit nobody knows how many there will be."""

    def __init__(self, name: str, row_limit: int | None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[read]:,} read, {task.fields[loaded]:,} loaded"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task: TaskID = self._progress.add_task(name, total=row_limit or None, read=0, loaded=0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, event: RunEvent) -> None:
        """Move the bar, or print what the run says above it."""
        if event.figures is None:
            self._progress.console.print(f"{event.level}: {event.message}", markup=False, highlight=False)
            return
        read, loaded = event.figures.rows_read, event.figures.rows_loaded
        self._progress.update(self._task, completed=read, read=read, loaded=loaded)

    def finish(self, outcome: RunOutcome) -> None:
        """The last figures, which no event tells, and a full bar."""
        read, loaded = outcome.rows_read, outcome.rows_loaded
        self._progress.update(self._task, total=1, completed=1, read=read, loaded=loaded)


def _print_end(name: str, ended: dict[str, Any]) -> None:
    seconds = (ended["durationMs"] or 0) / 1000
    typer.echo(
        f"{name}: {ended['status']}, {ended['rowsLoaded']:,} rows loaded in {seconds:.1f} s (run {ended['id']})"
    )
    if ended["message"]:
        typer.echo(ended["message"])
    if ended["error"]:
        typer.echo(f"{ended['error']['code']}: {ended['error']['message']}", err=True)
