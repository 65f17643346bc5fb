"""Where a load can be stopped: at its steps, which are the contract's methods, and before any line of ours within one.

Used inside the child. Nothing of it is in the product: the methods of the opened ends are wrapped, object by object,
and lines are told by Python's own tracing.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import kaireon_orch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    import pyarrow as pa

T = TypeVar("T")

CHUNK_BYTES = 16 << 10
OF_TARGET = ("clean_up", "begin", "close")
OF_LOAD = {
    "describe": "describe",
    "prepare": "prepare",
    "write": "write",
    "write_raw": "write",
    "commit": "commit",
}
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
        for name, step in OF_LOAD.items():
            if hasattr(load, name):
                _wrap(load, name, step, listener)
        return load

    target.begin = watched


def watch_source(source: Any, listener: Listener, rows: int, *, arrow: bool) -> None:
    """Let the listener be told of the source's steps; batches are cut to `rows`, so that a few make many.

    With `arrow` rows that could pass as bytes of the source's own go as batches.
    """
    for name, step in OF_SOURCE.items():
        _wrap(source, name, step, listener)
    read = source.read

    def watched(*given: Any) -> Any:
        reading = read(*given)
        reading.batches = _watched(_cut(reading.batches, rows), listener)
        raw = getattr(reading, "raw", None)
        if raw is not None:
            reading.raw = None if arrow else WatchedRaw(raw, listener)
        return reading

    source.read = watched


@dataclass(frozen=True)
class WatchedRaw:
    """Rows as bytes, in chunks of `CHUNK_BYTES`."""

    real: Any
    listener: Listener

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def chunks(self, columns: Any) -> Iterator[memoryview]:
        return _watched(_bytes_cut(self.real.chunks(columns)), self.listener)


def _cut(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    return (batch.slice(at, rows) for batch in batches for at in range(0, batch.num_rows, rows))


def _bytes_cut(chunks: Iterator[memoryview]) -> Iterator[memoryview]:
    return (chunk[at : at + CHUNK_BYTES] for chunk in chunks for at in range(0, len(chunk), CHUNK_BYTES))


def _watched(pieces: Iterator[T], listener: Listener) -> Iterator[T]:
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
