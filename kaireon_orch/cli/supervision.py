"""The processes of `kaireon up`: started, waited for, started again when they die, ended together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from kaireon_orch.cli.lifeline import STOP_SIGNALS, adopt_orphans, die_with_parent, end_descendants
from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import FrameType

TICK_SECONDS = 0.1
GRACE_SECONDS = 8.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
DEATHS_AT_START = 3
STEADY_SECONDS = 60.0  # who lived so long starts again with the first pause
SAY_SO_SECONDS = 10.0
LOG_BYTES = 20 * 1024 * 1024


class StartError(KaireonError):
    """A process did not come up; names it and its log."""

    code = "START_FAILED"


class Stopped(Exception):
    """A signal asked to end."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process: what it is called, what it runs, and how to see that it answers."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]


@dataclass(slots=True)
class _Running:
    service: Service
    pid: int
    since: float
    pause: float = FIRST_PAUSE_SECONDS
    again_at: float | None = None
    deaths: int = 0


@dataclass
class Group:
    """All processes under one supervisor, each in a session of its own, logging to `<logs>/<name>.log`."""

    logs: Path
    environment: Mapping[str, str]
    _running: dict[str, _Running] = field(default_factory=dict)
    _started: set[int] = field(default_factory=set)
    _ended: dict[int, int] = field(default_factory=dict)
    _stopping: bool = False

    def __post_init__(self) -> None:
        adopt_orphans()
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def start(self, service: Service) -> None:
        """Start it; from now on it is started again whenever it ends."""
        self._running[service.name] = _Running(service, self._spawn(service), time.monotonic())

    def wait_ready(self, name: str, timeout: float = 180.0) -> float:
        """Wait until it answers; the seconds since it was started. Raises StartError."""
        running = self._running[name]
        give_up, say_at = time.monotonic() + timeout, time.monotonic() + SAY_SO_SECONDS
        while not running.service.ready():
            self.pass_time()
            if running.deaths >= DEATHS_AT_START or time.monotonic() > give_up:
                raise StartError(f"{name} does not come up; see {self._log(name)}")
            if time.monotonic() > say_at:
                typer.echo(f"  … still waiting for {name} ({time.monotonic() - running.since:.0f} s)")
                say_at += SAY_SO_SECONDS
        return time.monotonic() - running.since

    def begin(self, name: str, command: tuple[str, ...], *, shown: bool = False) -> int:
        """Start a command that ends by itself; its pid. `shown`: it writes to our own output."""
        return self._spawn(Service(name, command, lambda: True), shown=shown)

    def finish(self, pid: int) -> int:
        """Wait for a command that `begin` started; its exit code."""
        while pid not in self._ended:
            self.pass_time()
        return self._ended.pop(pid)

    def pass_time(self) -> None:
        """One beat: see who ended, start again who is due. Raises Stopped after a signal."""
        time.sleep(TICK_SECONDS)
        self._reap()
        if self._stopping:
            raise Stopped
        for running in self._running.values():
            self._look_after(running)

    def stop(self) -> None:
        """End all of it: asked first, killed after a while, and no descendant left."""
        self._stopping = True
        alive = {running.pid for running in self._running.values() if running.again_at is None}
        for pid in alive:
            _signal_group(pid, signal.SIGTERM)
        give_up = time.monotonic() + GRACE_SECONDS
        while alive - self._ended.keys() and time.monotonic() < give_up:
            time.sleep(TICK_SECONDS)
            self._reap()
        for pid in alive:
            _signal_group(pid, signal.SIGKILL)
        end_descendants()

    def _look_after(self, running: _Running) -> None:
        now = time.monotonic()
        if running.pid in self._ended:
            code = self._ended.pop(running.pid)
            steady = now - running.since > STEADY_SECONDS
            running.pause = FIRST_PAUSE_SECONDS if steady else min(running.pause * 2, LONGEST_PAUSE_SECONDS)
            running.again_at = now + running.pause
            running.deaths += 1
            name = running.service.name
            typer.echo(
                f"  {name} ended ({_how(code)}); it starts again in {running.pause:.0f} s. Log: {self._log(name)}"
            )
        elif running.again_at is not None and now >= running.again_at:
            running.pid, running.since, running.again_at = self._spawn(running.service), now, None

    def _spawn(self, service: Service, *, shown: bool = False) -> int:
        log = self._log(service.name)
        _rotate(log)
        with log.open("ab") as file:
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=None if shown else file,
                stderr=None if shown else subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  this process has no threads
            )
        process.returncode = 0  # reaped by `_reap`, which also sees orphans
        self._started.add(process.pid)
        return process.pid

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid in self._started:
                    self._started.discard(pid)
                    self._ended[pid] = os.waitstatus_to_exitcode(status)

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
