"""The parent's side of the template: a process that has imported what jobs need, and forks a guarded child for each.

It saves a child its start, some tenths of a second. It has no secret, no thread and no connection: the job goes from
parent to child over a pipe that the template never reads (`kaireon_orch.worker.template` is its own side). Whoever has
no template, or one that does not answer, starts an interpreter as before.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kaireon_orch.network import seccomp
from kaireon_orch.network.environment import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger(__name__)

READY: Final = b"ready"
BEGUN: Final = b"begun "  # the child's own word, with its number
ENDED: Final = b"ended "  # the template's, with the child's status
MODULE: Final = "kaireon_orch.worker.template"
# Of no use to a process that forks: the thread of a memory pool that is not even the one in use.
ONE_THREAD: Final = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_NOWHERE: Final = Path("/nonexistent")  # a job's folders are told at the fork
_WARM_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 3.0
_LOST: Final = "The template of guarded children has ended; each starts by itself until there is another."
_PAUSES: Final = (1.0, 10.0, 60.0)  # seconds before a template that ended is started anew


class Template:
    """A running template. Forks of this process may use it too: a request is one message."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.process = process
        self._control = control

    def ready(self) -> bool:
        """Wait until it has imported everything; whether it has."""
        self._control.settimeout(_WARM_SECONDS)
        try:
            return self._control.recv(len(READY)) == READY
        except OSError:
            return False
        finally:
            self._control.settimeout(_ANSWER_SECONDS)

    def fork(self, home: Path, scratch: Path, pipe: socket.socket) -> Forked | None:
        """A child on `pipe` with these folders; None where the template does not make one."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_ANSWER_SECONDS)
        request = json.dumps({"home": str(home), "scratch": str(scratch)}).encode()
        try:
            with theirs:
                socket.send_fds(self._control, [request], [pipe.fileno(), theirs.fileno()])
            return Forked(_number(ours.recv(32), BEGUN), ours)
        except (OSError, ValueError):
            ours.close()
            return None

    def close(self) -> None:
        """Let it end, with its children, once no other process holds it either."""
        self._control.close()


class Forked:
    """A child of the template, which reaps it: the end of `life` ends it, and tells how that was."""

    def __init__(self, pid: int, life: socket.socket) -> None:
        self.pid = pid
        self._life = life
        self._status: int | None = None

    def end(self) -> int:
        if self._status is None:
            with self._life:
                self._status = self._ended()
        return self._status

    def _ended(self) -> int:
        """A template that is gone has taken its children with it."""
        try:
            with suppress(OSError):  # it has said how the child ended, and gone on
                self._life.shutdown(socket.SHUT_WR)
            return _number(self._life.recv(32), ENDED)
        except (OSError, ValueError):
            return -signal.SIGKILL


def _number(said: bytes, what: bytes) -> int:
    """The number in a message of one kind; ValueError for any other, and for the end of the line."""
    if not said.startswith(what):
        raise ValueError("this is not what was waited for")
    return int(said.removeprefix(what))


_used: Template | None = None


def use(template: Template | None) -> None:
    """From now on jobs of this process, and of its forks, start by this template; None: without one."""
    global _used  # noqa: PLW0603  one for the whole process
    _used = template


def fork(home: Path, scratch: Path, pipe: socket.socket) -> Forked | None:
    """A child by this process's template; None without one."""
    template = _used
    return None if template is None else template.fork(home, scratch, pipe)


def start() -> Template | None:
    """Start a template, which dies with the calling thread; None where this system cannot have one."""
    if seccomp.calls() is None:
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", MODULE, str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment(_NOWHERE, _NOWHERE) | ONE_THREAD,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return Template(process, ours)


@contextmanager
def kept() -> Iterator[None]:
    """Have a template for this block, started anew when it ends; a thread of its own keeps it."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(stop,), name="template", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        if (template := _used) is not None:
            template.close()
        keeper.join(_WARM_SECONDS)


class Held:
    """A template for a process without threads, which forks: its children use it too, and it looks after it now and then."""

    def __init__(self) -> None:
        self._template = start()
        self._since = time.monotonic()

    def await_ready(self) -> None:
        """Use it once it has imported everything."""
        if self._template is not None and self._template.ready():
            use(self._template)

    def ended(self, pid: int) -> None:
        """Take note of a child that this process has reaped, whichever it was."""
        if self._template is not None and pid == self._template.process.pid:
            LOG.warning(_LOST)
            self._template.process.returncode = -1  # it is reaped
            self.close()

    def keep(self) -> None:
        """Start it anew where it has ended, at most once in a while."""
        if self._template is None and time.monotonic() - self._since > _PAUSES[-1]:
            self._template, self._since = start(), time.monotonic()
            use(self._template)

    def close(self) -> None:
        """Use none from now on; it ends with the last of its children."""
        use(None)
        if self._template is not None:
            self._template.close()
        self._template = None


def _keep(stop: threading.Event) -> None:
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        template = start()
        if template is None:
            return
        if template.ready():
            use(template)
        else:
            template.process.kill()
        if stop.is_set():
            template.close()
        template.process.wait()
        use(None)
        template.close()
        if stop.wait(0):
            return
        LOG.warning(_LOST)
        stop.wait(pause)
