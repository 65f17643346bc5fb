"""Where the test of a connection to a local PostgreSQL spends its time: medians of each stretch.

    python benchmarks/api/probe_time.py [--times 7]

The stretches are measured apart, each in processes of its own, so they add up only roughly: the bare interpreter, the
imports up to the job, the driver's imports, and the whole test as the API does it, with its checks as the child tells
them. CPU is that of the processes started, and of this one. What a whole test has beyond these is the guard's: the child's start, its filter and the judged connects.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch import settings
from kaireon_orch.control import keys, probing
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch_tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds by the clock and of CPU."""

    wall: float
    cpu: float


WORKER = "import kaireon_orch.worker.__main__, kaireon_orch.worker.probe"
DRIVER = f"{WORKER}\nfrom kaireon_orch import catalogue\ncatalogue.source('postgresql')"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=7)
    times: int = parser.parse_args().times
    bare, worker, driver = (median(times, running(code)) for code in ("pass", WORKER, DRIVER))
    told("interpreter", bare.wall, bare.cpu)
    told("imports of the worker", worker.wall - bare.wall, worker.cpu - bare.cpu)
    told("imports of the type and its driver", driver.wall - worker.wall, driver.cpu - worker.cpu)
    with postgres.running() as server, tempfile.TemporaryDirectory() as folder:
        whole(Path(folder), server, times)


def whole(home: Path, server: postgres.PostgresServer, times: int) -> None:
    """The test as a whole, and its checks."""
    registry = Registry.open(settings.load(home, egress_allow="127.0.0.1", test_rate_limit="1000/60"))
    keys.create(registry, Caller.operator("default"), {"role": "editor"})
    results = []

    def test() -> None:
        results.append(probing.test_connector(registry, Caller.operator("default"), draft(server)))

    taken = median(times, test)
    registry.close()
    failed = [result.message for result in results if not result.success]
    if failed:
        raise RuntimeError(failed[0])
    for check in results[0].checks:
        latencies = [
            each.latency_ms for result in results for each in result.checks if each.name == check.name
        ]
        told(f"check {check.name}", statistics.median(latencies))
    told("the whole test", taken.wall, taken.cpu)


def draft(server: postgres.PostgresServer) -> dict[str, Any]:
    place = {"host": server.host, "port": server.port, "database": "postgres", "sslMode": "disable"}
    auth = {"username": server.user, "password": server.password}
    return {"type": "postgresql", "config": place, "authMethod": "password", "authConfig": auth}


def running(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-P", "-c", code], check=True)


def median(times: int, act: Callable[[], object]) -> Taken:
    """The median run; a first one that fills the page cache is not counted."""
    act()
    walls, cpus = [], []
    for _ in range(times):
        began, cpu = time.perf_counter(), cpu_seconds()
        act()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((cpu_seconds() - cpu) * 1000)
    return Taken(statistics.median(walls), statistics.median(cpus))


def cpu_seconds() -> float:
    """CPU of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def told(name: str, wall: float, cpu: float | None = None) -> None:
    print(f"{name:36} {wall:7.0f} ms" + ("" if cpu is None else f"  CPU {cpu:6.0f} ms"), flush=True)


if __name__ == "__main__":
    main()
