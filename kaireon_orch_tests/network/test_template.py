"""The template of guarded children: who may ask it, what its children share with it, and how all of it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import kaireon_orch
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network import template
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
from kaireon_orch_tests.network.test_child import JOBS, gone

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(next(iter(kaireon_orch.__path__))).parent


class Noting(Policy):
    """Notes what the judge asks it."""

    asked: ClassVar[list[Any]] = []

    def admits(self, address: Any, port: int) -> bool:
        self.asked.append((address, port))
        return False


OWNER = f"""
import os, sys
from kaireon_orch.network import template
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
warm = template.start()
assert warm.ready()
template.use(warm)
print(warm.process.pid, flush=True)
if os.fork():
    os.wait()
    sys.stdin.read()
    os._exit(0)
run_job("trial", {{"do": "sleep"}}, policy=Policy(), deadline=60, module="{JOBS}",
        on_event=lambda event: print(os.getpid(), event["pid"], flush=True))
"""


def child(do: str, **settings: Any) -> dict[str, Any]:
    return run_job("trial", {"do": do}, policy=Policy(), deadline=20, module=JOBS, **settings).result


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def own() -> Iterator[template.Template]:
    """A template that the test may kill."""
    started = template.start()
    assert started is not None
    assert started.ready()
    template.use(started)
    yield started
    template.use(None)
    started.close()
    started.process.wait(10)


@pytest.fixture
def owner() -> Iterator[tuple[int, int, int]]:
    """A template, a fork of the process that started it, and the child that the fork asked for."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        (warm,) = map(int, process.stdout.readline().split())
        asking, asked = map(int, process.stdout.readline().split())
        yield warm, asking, asked


def test_a_child_is_the_templates_and_is_judged(forked: template.Template) -> None:
    seen: list[int] = []
    done = run_job(
        "trial",
        {"do": "echo", "words": ""},
        policy=Policy(),
        deadline=20,
        module=JOBS,
        on_event=lambda _: seen.extend(_children(forked.process.pid)),
    )
    assert done.result["judged"]
    assert len(seen) == 1
    assert parent_of(forked.process.pid) == os.getpid()


def test_a_child_holds_nothing_of_its_siblings(forked: template.Template) -> None:
    held = [child("open_files")["files"]]
    with _sleeping():
        held.append(child("open_files")["files"])
    assert held[0] == held[1]
    assert sum(name.startswith("socket:") for name in held[0].values()) == 1


def test_children_share_no_random_numbers(forked: template.Template) -> None:
    drawn = [child("draw") for _ in range(2)]
    assert drawn[0]["python"] != drawn[1]["python"]
    assert drawn[0]["openssl"] != drawn[1]["openssl"]


def test_what_a_template_imports_connects_to_nothing() -> None:
    """It has no filter when it imports; under one, nothing that it imports asks for a connection."""
    policy = Noting()
    for do in ("warm_up", "libc_connect"):
        payload = {"do": do, "host": "192.0.2.1", "port": 9}
        assert run_job("trial", payload, policy=policy, deadline=20, module=JOBS).result is not None
        assert bool(policy.asked) == (do == "libc_connect")


def test_a_killed_fork_takes_its_child_along_though_others_hold_its_line(owner: tuple[int, int, int]) -> None:
    warm, asking, asked = owner
    assert parent_of(asked) == warm
    os.kill(asking, signal.SIGKILL)
    assert gone(asked)
    assert not gone_at_once(warm)


def test_a_killed_template_takes_its_children_along(owner: tuple[int, int, int]) -> None:
    warm, _, asked = owner
    os.kill(warm, signal.SIGKILL)
    assert gone(asked)


def test_a_killed_starter_takes_the_template_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        warm = int(process.stdout.readline())
        asking, asked = map(int, process.stdout.readline().split())
        process.kill()
        assert gone(warm)
        assert gone(asked)
        assert gone(asking)


def test_a_job_whose_template_is_killed_has_died_and_the_next_starts_by_itself(
    own: template.Template,
) -> None:
    with pytest.raises(Fault) as died:
        child("sleep", on_event=lambda _: own.process.kill())
    assert died.value.fault is FaultCode.CHILD_DIED
    assert parent_of_child() == os.getpid()


def test_a_template_that_does_not_answer_costs_time_and_no_job(own: template.Template) -> None:
    own.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert parent_of_child() == os.getpid()
    assert time.monotonic() - began < 10
    own.process.send_signal(signal.SIGCONT)
    assert child("echo_nothing") == {}


def test_a_template_is_started_anew_when_it_ends() -> None:
    with template.kept():
        first = _in_use(None)
        os.kill(first, signal.SIGKILL)
        second = _in_use(first)
        assert parent_of_child() == second
    assert gone(second)
    assert not [thread.name for thread in threading.enumerate() if thread.name == "template"]


def test_many_at_once(forked: template.Template) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(child("facts")["pid"])) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(pids)) == 30
    assert _children(forked.process.pid) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_message_that_is_none_is_no_child(own: template.Template) -> None:
    """Only processes of ours hold the line; one that garbles it loses the template, not a job."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert own.fork(Path("/nonexistent/a"), Path("/nonexistent/b"), theirs) is None
    assert parent_of_child() == own.process.pid


def gone_at_once(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def parent_of_child() -> int:
    return int(child("parent")["pid"])


def _in_use(before: int | None) -> int:
    """The template that the next child comes from, once it is another than `before`."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (parent := parent_of_child()) not in {before, os.getpid()}:
            return parent
        time.sleep(0.1)
    raise AssertionError("no template has come into use")


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class _sleeping:  # noqa: N801  a context manager
    """A sibling that sleeps."""

    def __enter__(self) -> None:
        self._cancel = threading.Event()
        begun = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(begun,))
        self._thread.start()
        assert begun.wait(10)

    def _run(self, begun: threading.Event) -> None:
        with pytest.raises(Fault):
            child("heed", on_event=lambda _: begun.set(), cancel=self._cancel)

    def __exit__(self, *_: object) -> None:
        self._cancel.set()
        self._thread.join(10)
