"""Start a guarded child, judge its connections, speak with it, and end it.

`run_job` is the one way. The thread that calls it must be the one that waits in it: on Linux the kernel kills the
child when the *thread* that started it ends (PR_SET_PDEATHSIG), which is what makes a dead parent leave no loader.
"""

from __future__ import annotations

import functools
import logging
import math
import select
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network import frames, processes, seccomp
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.hosts import blocked_on_the_way
from kaireon_orch.network.job_folders import job_folder
from kaireon_orch.network.judge import Judge
from kaireon_orch.network.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from threading import Event

    from kaireon_orch.network.processes import Process

LOG = logging.getLogger(__name__)

GRACE = 2.0  # seconds that a canceled job has to put things in order
_TICK = 0.1  # seconds between two looks at `cancel`
_START_TIMEOUT = 30.0  # a loaded machine starts an interpreter slowly
_PIECE = 1 << 20


class GuardMode(StrEnum):
    """Who judges a child's connections: the kernel, whoever makes them, or Python, for Python's own."""

    KERNEL = "kernel"
    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job ended with: its JSON result, and the Arrow IPC streams that it sent on the way."""

    result: dict[str, Any]
    batches: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Talk:
    """How one job is spoken with."""

    deadline: Deadline
    on_event: Callable[[dict[str, Any]], None] | None
    on_batch: Callable[[bytes], None] | None
    cancel: Event | None
    feed: Iterator[bytes]


def run_job(  # noqa: PLR0913  one call says all about a job
    kind: str,
    payload: Mapping[str, Any],
    *,
    policy: Policy,
    deadline: float,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    on_batch: Callable[[bytes], None] | None = None,
    feed: Iterable[bytes] = (),
    cancel: Event | None = None,
    on_deadline: FaultCode = FaultCode.DEADLINE,
    module: str | None = None,
) -> JobResult:
    """Run `kaireon_orch.worker.<kind>` in a guarded child and wait for its end.

    `deadline` is in seconds from now (`math.inf`: none) and is enforced by killing the child's process group.
    `on_batch` takes the Arrow streams one by one instead of their being collected; while it waits, so does the child.
    `feed` gives Arrow streams to the child, each when the child asks for it (`Job.handed`).
    Setting `cancel` asks the child to stop, and kills it 2 s later. `module` names another module than the kind's, for
    tests. Raises `Fault`: the child's own, `on_deadline`, CANCELED, CHILD_DIED; whatever `on_event`,
    `on_batch` or `feed` raises ends the child and passes through.
    """
    talk = _Talk(Deadline.after(deadline, on_deadline), on_event, on_batch, cancel, iter(feed))
    with _started(policy, kind, talk.deadline) as child:
        child.send({"job": kind, "module": module, "payload": payload, **child.terms(talk.deadline)})
        return _converse(child, talk)


@functools.cache
def guard_mode() -> GuardMode:
    """Which guard this machine gives to children, found out by starting one; `python` is to be said at the start."""
    with _started(Policy(), "trial", Deadline.after(_START_TIMEOUT)) as child:
        return GuardMode.PYTHON if child.judge is None else GuardMode.KERNEL


def guard_words() -> str:
    """What an operator is to know at the start about this machine's guard."""
    if guard_mode() is GuardMode.KERNEL:
        return "Every connection of a connector is judged by the kernel."
    return (
        "This system cannot judge connections in the kernel (Linux 5.5 or later, seccomp): those of Python are judged in "
        "Python, and connectors with drivers that cannot be pinned to a judged address are refused."
    )


@dataclass(slots=True)
class _Child:
    process: Process
    pipe: socket.socket
    base: Path
    policy: Policy
    judge: Judge | None = None
    decoder: frames.Decoder = field(default_factory=frames.Decoder)

    @property
    def refusals(self) -> Refusals:
        return Refusals.beside(self.base)

    def terms(self, deadline: Deadline) -> dict[str, Any]:
        """What the job may do and how long: a little less than the parent allows, so that it can say why it ended."""
        left = deadline.left()
        seconds = None if math.isinf(left) else max(left * 0.95, left - 1.0)
        return {
            "policy": self.policy.to_wire(),
            "deadline": seconds,
            "onDeadline": deadline.code.value,
            "kernel": self.judge is not None,
            "folder": str(self.base / "work"),
        }

    def send(self, document: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the reader that follows sees the same end
            self.pipe.sendall(frames.encode_json(document))

    def hand(self, stream: bytes | None, until: Deadline) -> None:
        """Give the child the Arrow stream that it asked for, or tell it that there is none left."""
        whole = frames.encode_json({"end": True}) if stream is None else frames.encode(frames.ARROW, stream)
        self.pipe.settimeout(until.wait(math.inf))
        try:
            self.pipe.sendall(whole)
        except TimeoutError:
            raise _overdue(self, until) from None
        except (BrokenPipeError, ConnectionResetError):
            return  # the reader that follows sees the same end
        finally:
            self.pipe.settimeout(None)

    def receive(self, timeout: float | None) -> list[frames.Frame] | None:
        """The frames that arrive within `timeout` seconds, perhaps none; None at the pipe's end."""
        if not select.select([self.pipe], [], [], timeout)[0]:
            return []
        try:
            piece = self.pipe.recv(_PIECE)
        except ConnectionResetError:
            return None
        return list(self.decoder.feed(piece)) if piece else None

    def died(self) -> Fault:
        """The words for a child whose pipe ended without a last frame."""
        status = self.process.end()
        if status < 0:
            how = f"was killed by signal {-status}; it may have run out of memory"
        else:
            how = f"ended by itself with status {status}"
        return Fault(FaultCode.CHILD_DIED, f"the worker process {how}")


@contextmanager
def _started(policy: Policy, kind: str, deadline: Deadline) -> Iterator[_Child]:
    with job_folder() as folder:
        process, pipe = processes.started(folder)
        child = _Child(process, pipe, folder, policy)
        try:
            child.judge = _settle_guard(child, kind, deadline)
            yield child
        finally:
            process.end()
            pipe.close()
            if child.judge is not None:
                child.judge.close()


def _settle_guard(child: _Child, kind: str, deadline: Deadline) -> Judge | None:
    """Agree on the guard and start it; the child does nothing before."""
    child.pipe.settimeout(deadline.wait(math.inf))
    try:
        child.pipe.sendall(seccomp.KERNEL if processes.can_judge(child.process.pid) else seccomp.PYTHON)
        answer, descriptors, _, _ = socket.recv_fds(child.pipe, 1, 1, _CLOSE_ON_EXEC)
    except TimeoutError:
        raise deadline.fault() from None
    except OSError:
        raise child.died() from None
    if not answer:
        raise child.died()
    child.pipe.settimeout(None)
    if answer != seccomp.KERNEL or not descriptors:
        return None
    return Judge(descriptors[0], child.policy, child.refusals, kind)


_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # Linux only


def _converse(child: _Child, talk: _Talk) -> JobResult:
    batches: list[bytes] = []
    until = talk.deadline
    canceling = False
    while True:
        if not canceling and talk.cancel is not None and talk.cancel.is_set():
            child.send({"cancel": True})
            until = _sooner(until, Deadline.after(GRACE, FaultCode.CANCELED))
            canceling = True
        if until.left() <= 0:
            raise _overdue(child, until)
        arrived = child.receive(until.wait(math.inf if talk.cancel is None or canceling else _TICK))
        if arrived is None:
            raise child.died()
        for frame in arrived:
            if frame.kind == frames.JSON and "want" in frame.document():
                child.hand(next(talk.feed, None), until)
                continue
            result = _take(frame, talk, batches)
            if result is not None:
                return JobResult(result, batches)


def _take(frame: frames.Frame, talk: _Talk, batches: list[bytes]) -> dict[str, Any] | None:
    """Act on one frame; the job's result if it is the last one."""
    if frame.kind == frames.ARROW:
        (talk.on_batch or batches.append)(frame.body)
        return None
    document = frame.document()
    if "fault" in document:
        raise Fault.from_wire(document["fault"])
    if "event" in document and talk.on_event is not None:
        talk.on_event(document["event"])
    result: dict[str, Any] | None = document.get("result")
    return result


def _sooner(one: Deadline, other: Deadline) -> Deadline:
    return min(one, other, key=lambda deadline: deadline.at)


def _overdue(child: _Child, deadline: Deadline) -> Fault:
    if deadline.code is FaultCode.CANCELED:
        return Fault(FaultCode.CANCELED, "it was canceled")
    if deadline.code is FaultCode.TIMED_OUT and child.refusals:
        # A driver that retries a refused connection until its time is up was refused, not slow.
        return blocked_on_the_way()
    return deadline.fault()
