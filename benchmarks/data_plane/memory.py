"""The peak memory of a program and all that it started, as their shares of the pages that are resident (PSS)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.data_plane.measure import children
from benchmarks.data_plane.ours import NAME, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.data_plane.stage import Stage

EVERY: Final = 0.02
"""Seconds between two looks."""


def peak_of_ours(home: Path, stage: Stage) -> tuple[float, int]:
    """MiB at most of the run of the prepared pipeline by `kaireon pipelines run`, and the rows that it loaded."""
    command = [sys.executable, "-m", "kaireon_orch.cli", "pipelines", "run", NAME, "--json"]
    mib, said = peak(command, {"PATH": "/usr/bin:/bin"} | environment(home, stage))
    ended = json.loads(said)
    if ended["status"] != "completed":
        raise RuntimeError(f"the run ended as {ended['status']}: {ended['error']}")
    return mib, int(ended["rowsLoaded"])


def peak(command: Sequence[str], variables: Mapping[str, str]) -> tuple[float, str]:
    """Run the command to its end; MiB of it and its descendants together at most, and what it said on stdout."""
    highest = 0
    with subprocess.Popen(
        command,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        while process.poll() is None:
            highest = max(highest, sum(_share(pid) for pid in _tree(process.pid)))
            time.sleep(EVERY)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said[-1000:]}")
    return highest / 1024, said


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _tree(child)


def _share(pid: int) -> int:
    """KiB; 0 where the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
