"""Nothing outlives the command that started it, whichever way that command ends.

`kaireon up` is two processes: the one that was called, and one that does the work. Each watches the other. When
the caller is killed, the kernel signals the worker, which stops what it started; when the worker is killed, its
orphans fall to the caller (a "subreaper", prctl(2)), which ends them. Elsewhere than on Linux the orderly way
alone remains.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies. Safe between fork and exec."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def watched(work: Callable[[], int]) -> int:
    """Run `work` in a process of its own and return its exit code, when all that it started is gone."""
    adopt_orphans()
    caller = os.getpid()
    worker = os.fork()
    if worker == 0:
        die_with_parent(signal.SIGTERM)
        os._exit(_finish(work) if os.getppid() == caller else 1)
    _forward_signals(worker)
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    end_descendants()
    return code if code >= 0 else 128 - code


def end_descendants() -> None:
    """Kill every descendant: each generation's orphans become children here in turn."""
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _finish(work: Callable[[], int]) -> int:
    try:
        return work()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _forward_signals(worker: int) -> None:
    def forward(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGTERM)

    for number in STOP_SIGNALS:
        signal.signal(number, forward)


def _children() -> list[int]:
    """Pids of the direct children, by /proc; none where there is no /proc."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()] if listing.exists() else []
