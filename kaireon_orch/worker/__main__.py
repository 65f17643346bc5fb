"""The guarded child's first steps: die with the parent, put on the filter, then read what is to be done.

Nothing that starts a thread or loads a driver may be imported before `settle_guard` has run.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from threading import Thread
from typing import TYPE_CHECKING

from kaireon_orch.network import frames, seccomp
from kaireon_orch.worker import sparing
from kaireon_orch.worker.dispatch import last_words, make_job
from kaireon_orch.worker.job import Channel

if TYPE_CHECKING:
    from kaireon_orch.worker.job import Job

_PR_SET_PDEATHSIG = 1
_PIECE = 1 << 20


def main() -> None:
    """Serve one job on the pipe whose descriptor, with the parent's process id, stands on the command line."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(descriptor, False)
    born(parent)
    pipe = socket.socket(fileno=descriptor)
    settle_guard(pipe)
    serve(pipe)


def born(parent: int) -> None:
    """What holds for a child from its first moment: it ends with its parent, leaves no core, imports nothing unused."""
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the secrets
    sparing.spare()


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends; end at once if the parent already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def settle_guard(pipe: socket.socket) -> None:
    """Install the guard that the parent can work with, and hand it the listener."""
    listener = seccomp.install(pipe.fileno()) if pipe.recv(1) == seccomp.KERNEL else None
    if listener is None:
        pipe.sendall(seccomp.PYTHON)
        return
    socket.send_fds(pipe, [seccomp.KERNEL], [listener])
    os.close(listener)


def serve(pipe: socket.socket) -> None:
    """Read the job, run it, send its last frame, and end without waiting for what drivers left running."""
    decoder = frames.Decoder()
    first = _first(pipe, decoder)
    channel = Channel(pipe)
    job = make_job(first, channel)
    Thread(target=_listen, args=(pipe, decoder, job), name="pipe", daemon=True).start()
    channel.send(last_words(first, job))
    os._exit(0)


def _first(pipe: socket.socket, decoder: frames.Decoder) -> dict[str, object]:
    while piece := pipe.recv(_PIECE):
        for frame in decoder.feed(piece):
            return frame.document()
    os._exit(1)


def _listen(pipe: socket.socket, decoder: frames.Decoder, job: Job) -> None:
    """Hear what the parent still says; when the pipe ends there is nobody left to work for."""
    while piece := pipe.recv(_PIECE):
        for frame in decoder.feed(piece):
            job.hear(frame)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
