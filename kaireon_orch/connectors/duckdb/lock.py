"""One writer at a time on a DuckDB file: a lock on a side file, since DuckDB itself refuses instead of waiting."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAIT_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.02
"""Every waiter asks equally often, so none is passed over for long; a load holds the lock for its last step only."""


@contextmanager
def file_lock(path: Path, cancelled: Callable[[], bool], seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold `<path>.lock`; the kernel lets go of it when the process dies.

    Raises `Fault` TABLE_BUSY naming the holder's process after `seconds`, CANCELED.
    """
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _acquire(descriptor, cancelled, time.monotonic() + seconds)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, cancelled: Callable[[], bool], deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(descriptor, cancelled, deadline)
        else:
            return


def _wait(descriptor: int, cancelled: Callable[[], bool], deadline: float) -> None:
    if cancelled():
        raise Fault(FaultCode.CANCELED, "The run was canceled while it waited for the file.")
    if time.monotonic() > deadline:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
        raise Fault(
            FaultCode.TABLE_BUSY, f"Another load (process {holder}) has held the DuckDB file for too long."
        )
    time.sleep(_POLL_SECONDS)
