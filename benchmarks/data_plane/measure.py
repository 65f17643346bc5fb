"""One load at a time: seconds by the clock and of CPU, of the client's processes and of the servers apart."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.data_plane.cases import Command

TICKS: Final = os.sysconf("SC_CLK_TCK")


class PeerFailed(Exception):
    """A peer's program did not end well; holds its last words."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds. `work` leaves out what a peer's script says that its imports took; `wall` is from start to end."""

    wall: float
    work: float
    client_cpu: float
    server_cpu: float

    @property
    def cpu(self) -> float:
        return self.client_cpu + self.server_cpu


def taken(act: Callable[[], float | None], servers: Sequence[int]) -> Taken:
    """Do it once; `act` gives the seconds of the work alone where it knows them."""
    before, began_client, began = server_seconds(servers), client_seconds(), time.perf_counter()
    work = act()
    wall = time.perf_counter() - began
    client, server = client_seconds() - began_client, server_seconds(servers) - before
    return Taken(wall, wall if work is None else work, client, server)


def ran(command: Command) -> float | None:
    """Run a peer to its end; the seconds that it says its work took. Raises `PeerFailed`."""
    done = subprocess.run(
        command.arguments,
        env=dict(command.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PeerFailed(
            f"{command.arguments[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-1500:]}"
        )
    last = done.stdout.strip().rpartition("\n")[2]
    return float(json.loads(last)["seconds"]) if last.startswith('{"seconds"') else None


def client_seconds() -> float:
    """CPU of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def server_seconds(servers: Iterable[int]) -> float:
    """CPU of the servers: their first processes, what those have reaped, and the children that live."""
    found = [_stat(pid) for first in servers for pid in (first, *children(first))]
    return sum(found) / TICKS


def children(pid: int) -> list[int]:
    """The process's children, by the kernel's list of each of its threads."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.glob("*/children") for child in _read(task).split()]


def _stat(pid: int) -> int:
    """Ticks of the process and of its reaped children; 0 where it has just ended."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
