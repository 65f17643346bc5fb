"""Where a load can be stopped: at its steps, which are the contract's methods, and before any line of ours within one.

Used inside the child. Nothing of it is in the product: the methods of the opened ends are wrapped, object by object,
and lines are told by Python's own tracing.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import kaireon_orch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    import pyarrow as pa

OF_TARGET = ("clean_up", "begin", "close")
OF_LOAD = ("describe", "prepare", "write", "commit")
OF_SOURCE = {"read": "read", "commit": "source.commit"}
STEPS = (
    "start",
    "clean_up",
    "begin",
    "describe",
    "read",
    "batch",
    "prepare",
    "write",
    "commit",
    "source.commit",
    "close",
)
"""In the order of a load; `batch` is one that the source gives, `write` one that the target takes."""

_ROOT = f"{Path(kaireon_orch.__file__).parent}/"


class Listener(Protocol):
    """Who is told of every step."""

    def around(self, step: str, call: Callable[[], Any]) -> Any:
        """Make the call, which is the step."""
        ...


def watch_target(target: Any, listener: Listener) -> None:
    """Let the listener be told of the target's steps, and of those of its loads."""
    for name in OF_TARGET:
        _wrap(target, name, name, listener)
    begin = target.begin

    def watched(*given: Any) -> Any:
        load = begin(*given)
        for name in OF_LOAD:
            _wrap(load, name, name, listener)
        return load

    target.begin = watched


def watch_source(source: Any, listener: Listener, rows: int) -> None:
    """Let the listener be told of the source's steps; batches are cut to `rows`, so that a few make many."""
    for name, step in OF_SOURCE.items():
        _wrap(source, name, step, listener)
    read = source.read

    def watched(*given: Any) -> Any:
        reading = read(*given)
        reading.batches = _watched(reading.batches, listener, rows)
        return reading

    source.read = watched


def _watched(batches: Iterator[pa.RecordBatch], listener: Listener, rows: int) -> Iterator[pa.RecordBatch]:
    pieces = (batch.slice(at, rows) for batch in batches for at in range(0, batch.num_rows, rows))
    while (piece := listener.around("batch", lambda: next(pieces, None))) is not None:
        yield piece


def _wrap(owner: Any, name: str, step: str, listener: Listener) -> None:
    method = getattr(owner, name)
    setattr(owner, name, lambda *given: listener.around(step, lambda: method(*given)))


@contextmanager
def lines(told: Callable[[str], None]) -> Iterator[None]:
    """Tell each line of the product, `file:number`, just before this thread executes it."""

    def within(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            told(f"{frame.f_code.co_filename.removeprefix(_ROOT)}:{frame.f_lineno}")
        return within

    def entered(frame: FrameType, *_: object) -> Any:
        return within if frame.f_code.co_filename.startswith(_ROOT) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(before)
