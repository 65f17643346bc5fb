"""The job `run`, which stops at one point, says so, and goes on when whoever waits for it has done what it will.

`payload["stop"]` is `{"folder", "step", "moment", "nth", "line", "wait", "rows", "arrow", "settings", "file_bytes"}`: it stops `before` or
`after` the `nth` call of the step, or before the `line` within any; without `wait` it only says that it was there. A stop
at no step gives back, as an event, the lines that each step went through and the seconds that the job took. `settings` are constants of modules, by full
name, that are too long for a test; `file_bytes` is all that a file may hold.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.worker import opening, run
from kaireon_orch_tests.faults import points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.worker.job import Job

SECONDS = 30.0
STOPPED = "stopped.json"
GO = "go"


def work(job: Job) -> dict[str, Any]:
    """Run, and stop where it is said."""
    stop = job.payload["stop"]
    listener = Stop(stop) if stop.get("step") else Trail()
    for name, value in stop.get("settings", {}).items():
        module, _, constant = name.rpartition(".")
        vars(importlib.import_module(module))[constant]  # a constant that has moved is to be found again
        setattr(importlib.import_module(module), constant, value)
    if "file_bytes" in stop:
        # A disk that is full beyond so many bytes of a file. Python ignores the signal, so that the write fails.
        resource.setrlimit(resource.RLIMIT_FSIZE, (stop["file_bytes"], resource.RLIM_INFINITY))
    _watch(listener, stop)
    began = time.monotonic()
    done: dict[str, Any] = listener.around("start", lambda: None) or run.work(job)
    if isinstance(listener, Trail):
        trail = {step: list(found) for step, found in listener.found.items()}
        job.emit({"trail": trail, "seconds": time.monotonic() - began})
    return done


def _watch(listener: points.Listener, stop: Mapping[str, Any]) -> None:
    """This process is the test's own: what it opens is watched."""
    opened, read = run.open_target, opening.open_source

    @contextmanager
    def open_target(job: Job, connector: Mapping[str, Any]) -> Iterator[Any]:
        with opened(job, connector) as target:
            points.watch_target(target, listener)
            yield target

    @contextmanager
    def open_source(job: Job, connector: Mapping[str, Any]) -> Iterator[Any]:
        with read(job, connector) as source:
            points.watch_source(source, listener, stop.get("rows", 1 << 30), arrow=stop.get("arrow", False))
            yield source

    run.open_target = open_target
    vars(run)["open_source"] = open_source


@dataclass
class Trail:
    """The lines that each step went through, in order."""

    found: dict[str, dict[str, None]] = field(default_factory=dict)

    def around(self, step: str, call: Callable[[], Any]) -> Any:
        seen = self.found.setdefault(step, {})
        with points.lines(seen.setdefault):
            return call()


@dataclass
class Stop:
    """The one point."""

    at: Mapping[str, Any]
    calls: Counter[str] = field(default_factory=Counter)
    done: bool = False

    def around(self, step: str, call: Callable[[], Any]) -> Any:
        self.calls[step] += 1
        if step == self.at["step"] and self.at["moment"] == "line" and not self.done:
            with points.lines(self._line):
                return call()
        if step != self.at["step"] or self.calls[step] != self.at["nth"]:
            return call()
        if self.at["moment"] == "before":
            self._stop()
        done = call()
        if self.at["moment"] == "after":
            self._stop()
        return done

    def _line(self, line: str) -> None:
        if line == self.at["line"] and not self.done:
            sys.settrace(None)
            self._stop()

    def _stop(self) -> None:
        self.done = True
        folder = Path(self.at["folder"])
        new = folder / "stopped.new"
        new.write_text(json.dumps({"child": os.getpid(), "parent": os.getppid()}))
        new.rename(folder / STOPPED)
        deadline = time.monotonic() + SECONDS
        while self.at["wait"] and not (folder / GO).exists():
            if time.monotonic() > deadline:
                os._exit(99)
            time.sleep(0.002)
