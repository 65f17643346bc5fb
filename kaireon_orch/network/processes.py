"""The process of one job: forked by the template where this process has one, else an interpreter of its own.

Either way it is born with a clean environment and private folders, in a session of its own, and is killed when whoever
started it ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from kaireon_orch.network import seccomp, template
from kaireon_orch.network.environment import environment, private_folders

if TYPE_CHECKING:
    from pathlib import Path


class Process(Protocol):
    """A child as its parent holds it."""

    @property
    def pid(self) -> int: ...

    def end(self) -> int:
        """Kill whatever is left of it and of what it started; how it ended (negative: the signal).

        One that is ending by itself keeps its own status. To be called again without harm.
        """


class Spawned:
    """A child with an interpreter of its own, started by this thread: it dies with the thread."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> int:
        if self._process.returncode is None:
            with suppress(
                ProcessLookupError, PermissionError
            ):  # an empty group; macOS says EPERM for a dead one
                os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


def started(base: Path) -> tuple[Process, socket.socket]:
    """A child whose private folders lie below `base`, and the pipe to it; it waits for its guard."""
    home, scratch = private_folders(base)
    return _forked(home, scratch) or _spawned(home, scratch)


def can_judge(pid: int) -> bool:
    """Whether this process may read the child's memory, as the judge must (Yama may forbid it)."""
    if seccomp.calls() is None:
        return False
    try:
        descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    os.close(descriptor)
    return True


def _forked(home: Path, scratch: Path) -> tuple[Process, socket.socket] | None:
    """None where no template serves, or where what it forks could not be judged."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = template.fork(home, scratch, theirs)
    if process is not None and can_judge(process.pid):
        return process, ours
    ours.close()
    if process is not None:
        process.end()
    return None


def _spawned(home: Path, scratch: Path) -> tuple[Process, socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        # -P: nothing is imported from the working directory, which drivers write to. What a driver prints may hold
        # secrets, so it goes nowhere.
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "kaireon_orch.worker", str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=scratch,
            env=environment(home, scratch),
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return Spawned(process), ours
