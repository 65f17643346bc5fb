"""One writer at a time on a DuckDB file, in the order of asking, since DuckDB itself refuses instead of waiting.

The lock is a queue in a side file. Its first bytes count the tickets that were drawn; whoever draws one locks the byte
of that number for as long as it waits and works, and it is its turn once no byte of a smaller number is locked. The
kernel lets go of a byte when its process dies, so the dead do not stand in the way.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAIT_SECONDS: Final = 300.0
"""So long one holder may keep others waiting; a queue of many that each take their time is no reason to give up."""

_POLL_SECONDS: Final = 0.02
_NUMBER: Final = struct.Struct("<Q")
_TICKET_AT: Final = 0
_HOLDER_AT: Final = 8
"""Where the file says which ticket is next, and the process whose turn it is."""

_FIRST_TICKET: Final = 1 << 32
"""Tickets are bytes far beyond the file's end, which may be locked all the same."""

_LOCK: Final = struct.Struct("hhqqi4x")
"""C's `struct flock`: type, whence, start, length, process (0 for locks of an open file)."""


@contextmanager
def file_lock(path: Path, cancelled: Callable[[], bool], seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold `<path>.lock`.

    Raises `Fault` TABLE_BUSY naming the holder's process once it has kept others waiting for `seconds`, CANCELED,
    TARGET_REFUSED where the folder cannot be written.
    """
    descriptor = _opened(path)
    try:
        _Queue(descriptor).enter(cancelled, seconds)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        raise Fault(
            FaultCode.TARGET_REFUSED, "The DuckDB file's folder cannot be written: check its rights."
        ) from None


@dataclass(frozen=True, slots=True)
class _Queue:
    """The side file, open; what it locks it holds until it is closed."""

    descriptor: int

    def enter(self, cancelled: Callable[[], bool], seconds: float) -> None:
        ticket = self._drawn()
        holder, since = self._read(_HOLDER_AT), time.monotonic()
        while self._others_before(ticket):
            if cancelled():
                raise Fault(FaultCode.CANCELED, "The run was canceled while it waited for the file.")
            if self._read(_HOLDER_AT) != holder:
                holder, since = self._read(_HOLDER_AT), time.monotonic()
            if time.monotonic() - since > seconds:
                raise Fault(
                    FaultCode.TABLE_BUSY,
                    f"Another load (process {holder or 'unknown'}) has held the DuckDB file for too long.",
                )
            time.sleep(_POLL_SECONDS)
        os.pwrite(self.descriptor, _NUMBER.pack(os.getpid()), _HOLDER_AT)

    def _drawn(self) -> int:
        """The next ticket, its byte locked; the counter's own byte is held for that moment only."""
        self._lock(fcntl.F_OFD_SETLKW, fcntl.F_WRLCK, 0, 1)
        try:
            ticket = self._read(_TICKET_AT)
            self._lock(fcntl.F_OFD_SETLK, fcntl.F_WRLCK, _FIRST_TICKET + ticket, 1)
            os.pwrite(self.descriptor, _NUMBER.pack(ticket + 1), _TICKET_AT)
        finally:
            self._lock(fcntl.F_OFD_SETLK, fcntl.F_UNLCK, 0, 1)
        return ticket

    def _others_before(self, ticket: int) -> bool:
        if not ticket:
            return False
        found = self._lock(fcntl.F_OFD_GETLK, fcntl.F_WRLCK, _FIRST_TICKET, ticket)
        return bool(_LOCK.unpack(found)[0] != fcntl.F_UNLCK)

    def _read(self, offset: int) -> int:
        """0 where nothing was written yet, or by another version of this program."""
        held = os.pread(self.descriptor, _NUMBER.size, offset)
        return int(_NUMBER.unpack(held)[0]) if len(held) == _NUMBER.size else 0

    def _lock(self, command: int, kind: int, start: int, length: int) -> bytes:
        return fcntl.fcntl(self.descriptor, command, _LOCK.pack(kind, os.SEEK_SET, start, length, 0))
