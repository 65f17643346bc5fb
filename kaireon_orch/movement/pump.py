"""A reader thread and a writer, with a queue between them that is bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

QUEUE_BYTES: Final = 32 << 20
JOIN_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25


class Sized(Protocol):
    """A part of the rows: an Arrow batch, or a run of bytes."""

    @property
    def nbytes(self) -> int: ...


P = TypeVar("P", bound=Sized)


@dataclass(slots=True)
class PartQueue(Generic[P]):
    """Parts from one thread to another; `put` waits while `limit` bytes are queued, a single part always passes."""

    limit: int = QUEUE_BYTES
    _parts: deque[P] = field(default_factory=deque)
    _bytes: int = 0
    _ended: bool = False
    _abandoned: bool = False
    _error: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, part: P) -> bool:
        """Queue the part; False once the writer has gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or not self._parts or self._bytes < self.limit)
            if self._abandoned:
                return False
            self._parts.append(part)
            self._bytes += part.nbytes
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """No more parts; the writer gets `error` after those that are queued."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """The writer takes no more; lets go of what is queued."""
        with self._changed:
            self._abandoned = True
            self._parts.clear()
            self._changed.notify_all()

    def get(self, cancelled: Callable[[], bool]) -> P | None:
        """The next part; None at the end. Raises the reader's error, or `Fault` CANCELED."""
        with self._changed:
            while not self._parts and not self._ended:
                self._changed.wait(_POLL_SECONDS)
                if cancelled():
                    raise canceled()
            if self._parts:
                part = self._parts.popleft()
                self._bytes -= part.nbytes
                self._changed.notify_all()
                return part
            if self._error is not None:
                raise self._error
            return None


def canceled() -> Fault:
    """The fault of a run that was asked to stop."""
    return Fault(FaultCode.CANCELED, "The run was canceled; nothing of it is in the target.")


def pumped(
    parts: Iterator[P], cancelled: Callable[[], bool], limit: int = QUEUE_BYTES
) -> Generator[P, None, None]:
    """The parts, read ahead in a thread of their own, at most `limit` bytes of them.

    Raises what reading raises, and `Fault` CANCELED. Closing this iterator stops the reader.
    """
    queue: PartQueue[P] = PartQueue(limit)
    reader = threading.Thread(target=_read, args=(parts, queue), name="kaireon-reader", daemon=True)
    reader.start()
    try:
        while (part := queue.get(cancelled)) is not None:
            if cancelled():
                raise canceled()
            yield part
    finally:
        queue.abandon()
        reader.join(JOIN_SECONDS)


def _read(parts: Iterator[P], queue: PartQueue[P]) -> None:
    try:
        for part in parts:
            if not queue.put(part):
                break
        queue.end()
    except BaseException as error:  # noqa: BLE001  handed to the writer, who raises it
        queue.end(error)
