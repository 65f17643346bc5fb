"""The job `run` with a death in it: what `payload["kill"]` names is killed at a step of the load, or at a moment.

`{"victim", "step", "moment", "delay", "server", "database"}`: the victim is `child`, `parent`, or `backends`, which are
the sessions of `database` on the PostgreSQL `server`. Steps are the methods of a load, `begin` among them; the moment is
`before`, `after` or `during` one, the latter `delay` seconds after it began. The step `any` counts from the job's start.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg

from kaireon_orch.worker import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.contract.target import Target
    from kaireon_orch.worker.job import Job

STEPS = ("begin", "describe", "prepare", "write", "commit")


def work(job: Job) -> dict[str, Any]:
    """Run, and die where it is said."""
    kill = job.payload["kill"]
    opened = run.open_target

    @contextmanager
    def open_target(job: Job, connector: Mapping[str, Any]) -> Iterator[Target]:
        with opened(job, connector) as target:
            yield cast("Target", Struck(target, kill))

    run.open_target = open_target  # this process is the test's own, and about to die
    if kill["step"] == "any":
        later(kill)
    return run.work(job)


class Struck:
    """A target or a load, one of whose steps is the last."""

    def __init__(self, real: Any, kill: Mapping[str, Any]) -> None:
        self._real = real
        self._kill = kill

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name == self._kill["step"]:
            found = around(found, self._kill)
        return self._loading(found) if name == "begin" else found

    def _loading(self, begin: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: Struck(begin(*given), self._kill)


def around(step: Callable[..., Any], kill: Mapping[str, Any]) -> Callable[..., Any]:
    """The step with the death at its moment."""

    def struck(*given: Any) -> Any:
        if kill["moment"] == "before":
            strike(kill)
        if kill["moment"] == "during":
            later(kill)
        done = step(*given)
        if kill["moment"] == "after":
            strike(kill)
        return done

    return struck


def later(kill: Mapping[str, Any]) -> None:
    """Strike in a while, from another thread."""

    def wait() -> None:
        time.sleep(kill["delay"])
        strike(kill)

    threading.Thread(target=wait, daemon=True).start()


def strike(kill: Mapping[str, Any]) -> None:
    """Kill the victim; a backend's death is over when it is gone."""
    if kill["victim"] == "child":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kill["victim"] == "parent":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(30)  # this process goes with its parent
    else:
        with psycopg.connect(kill["server"], autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = %s",
                (kill["database"],),
            )
