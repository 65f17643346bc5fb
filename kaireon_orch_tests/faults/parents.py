"""Processes that run one load each in a guarded child, to be watched, stopped and killed by a test."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch_tests.faults import deadly, loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kaireon_orch.network.guard import Policy

PATIENCE = 60.0
"""Seconds within which a load of a few rows is over, whatever happens to it."""


@dataclass(frozen=True)
class Ended:
    """How a load ended: its `result`, its `fault`, or a parent that was `killed`."""

    result: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None
    killed: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Parents:
    """One process that forks them; a load at a time."""

    process: subprocess.Popen[str]

    def run(
        self,
        folder: Path,
        payload: dict[str, Any],
        policy: Policy,
        at_stop: Callable[[dict[str, int]], None] | None = None,
        deadline: float = PATIENCE,
    ) -> Ended:
        """One load to its end; `at_stop` is called, with the process ids of parent and child, when it stops."""
        for name in (deadly.STOPPED, deadly.GO, "ended.json"):
            (folder / name).unlink(missing_ok=True)
        order = {
            "payload": payload,
            "policy": policy.to_wire(),
            "deadline": deadline,
            "ended": str(folder / "ended.json"),
            "scratch": str(folder / "scratch"),
        }
        (folder / "scratch").mkdir(exist_ok=True)
        self._say(json.dumps(order))
        self._number(PATIENCE)
        return _ended(self._followed(folder, at_stop), folder / "ended.json")

    def _followed(self, folder: Path, at_stop: Callable[[dict[str, int]], None] | None) -> int:
        until = time.monotonic() + PATIENCE + 30
        while time.monotonic() < until:
            if self._ready(0.002):
                return self._number(0)
            if at_stop is not None and (folder / deadly.STOPPED).exists():
                at_stop(json.loads((folder / deadly.STOPPED).read_text()))
                (folder / deadly.GO).touch()
                at_stop = None
        raise AssertionError("the load does not end")

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _ready(self, seconds: float) -> bool:
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def _number(self, seconds: float) -> int:
        assert self._ready(seconds), "no process was forked"
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def _ended(status: int, file: Path) -> Ended:
    if os.WIFSIGNALED(status):
        return Ended(killed=True)
    told = json.loads(file.read_text())
    match os.WEXITSTATUS(status):
        case 0:
            return Ended(result=told["ended"], events=told["events"])
        case loader.FAULT:
            return Ended(fault=told["ended"], events=told["events"])
    raise AssertionError(told)


@contextmanager
def running() -> Iterator[Parents]:
    command = [sys.executable, str(Path(loader.__file__)), "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Parents(process)


@pytest.fixture(scope="session")
def parents() -> Iterator[Parents]:
    """The session's."""
    with running() as served:
        yield served
