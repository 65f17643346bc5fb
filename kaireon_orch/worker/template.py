"""The template of guarded children: it has imported what jobs need, and forks one process for each.

It holds nothing that a child must not have: its environment is a child's, no job passes through it, and it never
connects. It forks only while it has one thread. A child lives as long as the template, as the process that asked for
it, and as the line to that process (`life`); the template kills it when the first of them ends.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault
from kaireon_orch.network.template import BEGUN, ENDED, ONE_THREAD, READY
from kaireon_orch.worker.__main__ import born, die_with, serve, settle_guard

if TYPE_CHECKING:
    from collections.abc import Mapping

JOBS: Final = ("discover", "plan", "preview", "probe", "read", "run", "state", "write")
# Of every type there is: what is used most, loads no code but its own and its driver's, and starts no thread.
TYPES: Final = ("csv", "duckdb", "excel", "json", "mariadb", "mysql", "parquet", "postgresql", "sqlite")
_LONGEST_REQUEST: Final = 1 << 14
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid
_PR_SET_PTRACER: Final = 0x59616D61


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants a child, its pipe, its life line, and where its folders are."""

    owner: int
    pipe: int
    life: int
    home: str
    scratch: str


@dataclass(frozen=True, slots=True)
class Child:
    """A living child: `ended` and `owner` are descriptors of processes, readable once these have ended."""

    pid: int
    life: int
    ended: int
    owner: int

    def watched(self) -> tuple[int, int, int]:
        return self.life, self.ended, self.owner

    def end(self) -> None:
        """Kill it and what it started, reap it, say how it ended; it could not be another process before this."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        with suppress(OSError):  # nobody may listen any more
            os.write(self.life, ENDED + str(status).encode())
        for descriptor in self.watched():
            os.close(descriptor)


class Server:
    """Forks a child for each request on `control`, until its other end is closed everywhere."""

    def __init__(self, control: socket.socket, environment: Mapping[str, str]) -> None:
        self._control = control
        self._environment = {name: environment[name] for name in environment.keys() - ONE_THREAD.keys()}
        self._pid = os.getpid()
        self._own = _descriptors() - {control.fileno()}
        self._watched: dict[int, Child] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Returns once nobody is left who could ask, and every child has ended."""
        while self._control.fileno() >= 0 or self._watched:
            ready = [descriptor for descriptor, _ in self._poll.poll()]
            for child in {self._watched[each] for each in ready if each in self._watched}:
                self._end(child)
            if (
                self._control.fileno() in ready
            ):  # last: a new child may be given the numbers of one that ended
                self._answer()

    def _answer(self) -> None:
        request = _received(self._control)
        if request is None:
            self._poll.unregister(self._control)
            self._control.close()
            return
        try:
            self._watch(request)
        except OSError:  # who asked is gone, or there is no room: the end of its line tells it
            os.close(request.life)
        finally:
            os.close(request.pipe)

    def _watch(self, request: Request) -> None:
        owner = os.pidfd_open(request.owner)
        demand_one_thread()
        pid = os.fork()
        if pid == 0:
            self._become(request)
        child = Child(pid, request.life, os.pidfd_open(pid), owner)
        for descriptor in child.watched():
            self._watched[descriptor] = child
            self._poll.register(descriptor, select.POLLIN)

    def _become(self, request: Request) -> NoReturn:
        """Be the child: as one that was started by itself, from its first line on."""
        try:
            os.setsid()
            _let_judge(request.owner)
            _move_in(request, self._environment)
            die_with(self._pid)
            os.write(
                request.life, BEGUN + str(os.getpid()).encode()
            )  # fails where nobody waits for it any more
            for descriptor in _descriptors() - {*self._own, request.pipe}:
                with suppress(OSError):  # the one that listed them
                    os.close(descriptor)
            pipe = socket.socket(fileno=request.pipe)
            settle_guard(pipe)
            serve(pipe)
        finally:
            os._exit(1)

    def _end(self, child: Child) -> None:
        for descriptor in child.watched():
            del self._watched[descriptor]
            self._poll.unregister(descriptor)
        child.end()


def _move_in(request: Request, environment: Mapping[str, str]) -> None:
    """The environment is the template's own, without what imports have put there."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment, HOME=request.home, TMPDIR=request.scratch)
    os.chdir(request.scratch)


def _let_judge(owner: int) -> None:
    """Where Yama lets only ancestors read a process's memory, the judge is named; elsewhere this does nothing."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, owner, 0, 0, 0)


def _received(control: socket.socket) -> Request | None:
    """The next request; None once nobody holds the other end."""
    space = socket.CMSG_SPACE(2 * 4) + socket.CMSG_SPACE(_CREDENTIALS.size)
    said, attached, _, _ = control.recvmsg(_LONGEST_REQUEST, space, socket.MSG_CMSG_CLOEXEC)
    if not said:
        return None
    held = {kind: data for _, kind, data in attached}
    pipe, life = struct.unpack("2i", held[socket.SCM_RIGHTS])
    owner, _, _ = _CREDENTIALS.unpack(held[socket.SCM_CREDENTIALS])
    folders = json.loads(said)
    return Request(owner, pipe, life, folders["home"], folders["scratch"])


def _descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208  numbers, not paths


def demand_one_thread() -> None:
    """A thread would not survive the fork, and what it held would stay held. Raises RuntimeError."""
    names = [task.joinpath("comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    if len(names) > 1:
        raise RuntimeError(f"The template must fork, and has threads: {', '.join(names)}")


def warm_up() -> None:
    """Import every job, and the types that are used most where their drivers are installed."""
    for job in JOBS:
        importlib.import_module(f"kaireon_orch.worker.{job}")
    for type_ in TYPES:
        for end in (catalogue.source, catalogue.target):
            with suppress(Fault):
                end(type_)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve on the socket whose descriptor, with the parent's process id, stands on the command line."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    environment = dict(os.environ)
    os.set_inheritable(descriptor, False)
    born(parent)
    control = socket.socket(fileno=descriptor)
    control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    warm_up()
    demand_one_thread()
    control.send(READY)
    Server(control, environment).serve()


if __name__ == "__main__":
    main()
