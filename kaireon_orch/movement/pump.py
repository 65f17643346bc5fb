"""A reader thread and a writer, with a queue between them that is bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import pyarrow as pa

QUEUE_BYTES: Final = 32 << 20
JOIN_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25


@dataclass(slots=True)
class BatchQueue:
    """Batches from one thread to another; `put` waits while `limit` bytes are queued, a single batch always passes."""

    limit: int = QUEUE_BYTES
    _batches: deque[pa.RecordBatch] = field(default_factory=deque)
    _bytes: int = 0
    _ended: bool = False
    _abandoned: bool = False
    _error: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, batch: pa.RecordBatch) -> bool:
        """Queue the batch; False once the writer has gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or not self._batches or self._bytes < self.limit)
            if self._abandoned:
                return False
            self._batches.append(batch)
            self._bytes += batch.nbytes
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """No more batches; the writer gets `error` after those that are queued."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """The writer takes no more; lets go of what is queued."""
        with self._changed:
            self._abandoned = True
            self._batches.clear()
            self._changed.notify_all()

    def get(self, cancelled: Callable[[], bool]) -> pa.RecordBatch | None:
        """The next batch; None at the end. Raises the reader's error, or `Fault` CANCELED."""
        with self._changed:
            while not self._batches and not self._ended:
                self._changed.wait(_POLL_SECONDS)
                if cancelled():
                    raise canceled()
            if self._batches:
                batch = self._batches.popleft()
                self._bytes -= batch.nbytes
                self._changed.notify_all()
                return batch
            if self._error is not None:
                raise self._error
            return None


def canceled() -> Fault:
    """The fault of a run that was asked to stop."""
    return Fault(FaultCode.CANCELED, "The run was canceled; nothing of it is in the target.")


def pumped(
    batches: Iterator[pa.RecordBatch], cancelled: Callable[[], bool]
) -> Generator[pa.RecordBatch, None, None]:
    """The batches, read ahead in a thread of their own, at most `QUEUE_BYTES` of them.

    Raises what reading raises, and `Fault` CANCELED. Closing this iterator stops the reader.
    """
    queue = BatchQueue()
    reader = threading.Thread(target=_read, args=(batches, queue), name="kaireon-reader", daemon=True)
    reader.start()
    try:
        while (batch := queue.get(cancelled)) is not None:
            if cancelled():
                raise canceled()
            yield batch
    finally:
        queue.abandon()
        reader.join(JOIN_SECONDS)


def _read(batches: Iterator[pa.RecordBatch], queue: BatchQueue) -> None:
    try:
        for batch in batches:
            if batch.num_rows and not queue.put(batch):
                break
        queue.end()
    except BaseException as error:  # noqa: BLE001  handed to the writer, who raises it
        queue.end(error)
