"""Where `kaireon pipelines run` spends its time when there are only ten rows: medians of each stretch.

    python -m benchmarks.data_plane.startup [--times 7]

The whole command and the run in it are measured as they are; the imports are measured apart, in processes of their
own, and taken off: what is left to the last line of each part is what remains. Times are by the clock, in
milliseconds, and CPU of the processes started beside them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.data_plane.cases import CASES
from benchmarks.data_plane.data import Files
from benchmarks.data_plane.measure import client_seconds
from benchmarks.data_plane.ours import NAME, environment, prepared
from benchmarks.data_plane.stage import staged
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.data_plane.cases import Case
    from benchmarks.data_plane.stage import Stage

ROWS: Final = 10
IDLE: Final = "benchmarks.data_plane.idle"
CHOSEN: Final = ("pg_to_pg", "pg_to_pg_arrow", "csv_to_pg", "csv_to_warehouse", "pg_to_parquet")
COMMAND: Final = "import kaireon_orch.cli.main, kaireon_orch.cli.running"
WORKER: Final = "import kaireon_orch.worker.__main__, kaireon_orch.worker.run"


@dataclass(frozen=True, slots=True)
class Took:
    """Medians, in milliseconds by the clock and of CPU."""

    wall: float
    cpu: float

    def __sub__(self, other: Took) -> Took:
        return Took(self.wall - other.wall, self.cpu - other.cpu)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--case", action="append", choices=CHOSEN, help="default: all of these")
    given = parser.parse_args()
    chosen = [case for case in CASES if case.name in (given.case or CHOSEN)]
    with tempfile.TemporaryDirectory(prefix="kaireon-bench-") as name:
        folder = Path(name)
        files = Files(folder / "files", ROWS, seed=1).make()
        with staged(files, folder / "out", with_mariadb=False) as stage:
            for case in chosen:
                _told(case, stage, folder / case.name, given.times)


def _told(case: Case, stage: Stage, home: Path, times: int) -> None:
    stage.cleared()
    with prepared(home, stage, case.ours):
        runs: list[float] = []
        whole = _median(times, lambda: runs.append(_run(stage, home)))
    bare, command = (_median(times, _python(code)) for code in ("pass", COMMAND))
    child = _median(times, lambda: run_job("trial", {}, policy=Policy(), deadline=60, module=IDLE))
    worker, both = (_median(times, _python(code)) for code in (WORKER, _with_types(case)))
    run = statistics.median(runs[1:])
    print(f"\n{case.name}: the whole command {_shown(whole)}")
    _line("interpreter", bare)
    _line("imports of the command", command - bare)
    print(f"  {'settings, registry, the row of the run, exit':46}{whole.wall - command.wall - run:7.0f} ms")
    print(f"  {'the run':46}{run:7.0f} ms, of which")
    _line("  the child's start and filter", child)
    _line("  imports of the loop, with Arrow", worker - bare)
    _line("  imports of the types and their drivers", both - worker)
    left = run - child.wall - (both.wall - bare.wall)
    print(f"  {'  connect, read, load, commit':46}{left:7.0f} ms", flush=True)


def _run(stage: Stage, home: Path) -> float:
    """The command as an operator starts it; milliseconds of the run in it."""
    command = [sys.executable, "-m", "kaireon_orch.cli", "pipelines", "run", NAME, "--json"]
    variables = {"PATH": "/usr/bin:/bin"} | environment(home, stage)
    done = subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["durationMs"])


def _with_types(case: Case) -> str:
    target = case.ours.target or "duckdb"
    ends = f"catalogue.source({case.ours.source!r}), catalogue.target({target!r})"
    return f"{WORKER}\nfrom kaireon_orch import catalogue\n{ends}"


def _python(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-P", "-c", code], check=True)


def _median(times: int, act: Callable[[], object]) -> Took:
    """The median run; a first one that fills the page cache is not counted."""
    act()
    walls, cpus = [], []
    for _ in range(times):
        began, cpu = time.perf_counter(), client_seconds()
        act()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((client_seconds() - cpu) * 1000)
    return Took(_middle(walls), _middle(cpus))


def _middle(values: Sequence[float]) -> float:
    return statistics.median(values)


def _line(name: str, took: Took) -> None:
    print(f"  {name:46}{_shown(took)}")


def _shown(took: Took) -> str:
    return f"{took.wall:7.0f} ms, CPU {took.cpu:5.0f}"


if __name__ == "__main__":
    main()
