"""One load at a time into a folder: a lock on a file of its own, which the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIT_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.02


@dataclass(slots=True)
class FolderLock:
    """The lock file at `path`; whoever lets go of it removes it, and who waited on a removed one asks anew."""

    path: Path
    _descriptor: int | None = None

    def acquire(self, cancelled: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
        """Raises `Fault` TABLE_BUSY naming the holder's process after `seconds`, CANCELED, TARGET_REFUSED."""
        deadline = time.monotonic() + seconds
        while not self.try_acquire():
            if cancelled():
                raise Fault(FaultCode.CANCELED, "The run was canceled while it waited for another load.")
            if time.monotonic() > deadline:
                raise Fault(
                    FaultCode.TABLE_BUSY, f"Another load (process {self._holder()}) is writing this table."
                )
            time.sleep(_POLL_SECONDS)

    def try_acquire(self) -> bool:
        """Whether it is held now; at once."""
        if self._descriptor is not None:
            return True
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        if not self._is_there(descriptor):
            os.close(descriptor)
            return False
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go; safe to call twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(descriptor)

    def _is_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.lstat())
        except FileNotFoundError:
            return False

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The target's folder cannot be written: check its rights."
            ) from None

    def _holder(self) -> str:
        try:
            return self.path.read_text("ascii") or "unknown"
        except (OSError, UnicodeDecodeError):
            return "unknown"


def lock_beside(place: Path) -> FolderLock:
    """The lock of a table's folder: a hidden file beside it. Raises `Fault` TARGET_REFUSED."""
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError:
        raise Fault(FaultCode.TARGET_REFUSED, "The target's folder cannot be made.") from None
    return FolderLock(place.parent / f".{place.name}.lock")
