"""Drivers that misbehave in the middle of a read, run in a real guarded child; the payload's `do` names one."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.movement.move import Watch
from kaireon_orch.movement.pump import pumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.worker.job import Job

BATCH = pa.RecordBatch.from_pydict({"a": [1, 2, 3]})
MANY = 200


class PanicException(BaseException):
    """What pyo3 makes of a panic: no Exception."""


def work(job: Job) -> dict[str, Any]:
    """Read by the reader's thread, as a load does."""
    watch = Watch(job.cancelled, job.emit)
    rows = 0
    for batch in pumped(globals()[job.payload["do"]](), job.cancelled):
        rows += batch.num_rows
        watch.tell({"rowsRead": rows, "rowsLoaded": rows})
    return {"rows": rows}


def panics() -> Iterator[pa.RecordBatch]:
    yield BATCH
    raise PanicException("canary: called `Option::unwrap()` on a `None` value")


def exits() -> Iterator[pa.RecordBatch]:
    yield BATCH
    raise SystemExit("canary")


def hangs() -> Iterator[pa.RecordBatch]:
    """In native code, where no Python thread can be told to stop."""
    yield BATCH
    ctypes.PyDLL(None).sleep(60)


def floods() -> Iterator[pa.RecordBatch]:
    yield BATCH
    for _ in range(64):
        os.write(2, b"canary" * 20_000)


def dies() -> Iterator[pa.RecordBatch]:
    yield BATCH
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)


def dawdles() -> Iterator[pa.RecordBatch]:
    """Two seconds of many small batches."""
    for _ in range(MANY):
        time.sleep(0.01)
        yield BATCH
