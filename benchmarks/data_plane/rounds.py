"""A case on its stage: one load of ours, one of a peer's, each on cleared ground and each checked."""

from __future__ import annotations

import statistics
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.data_plane import checks, memory
from benchmarks.data_plane.measure import ran, taken
from benchmarks.data_plane.ours import Ours, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.data_plane.cases import Case, Peer
    from benchmarks.data_plane.measure import Taken
    from benchmarks.data_plane.stage import Stage

FEW: Final = 10
STARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """A case with its pipeline; `wanted` are the sums that every load must come to."""

    case: Case
    stage: Stage
    home: Path
    pipeline: Ours
    wanted: str

    def start(self) -> float:
        """Seconds that a run of ten rows takes: what a run costs before and after its rows."""
        return statistics.median(self._start() for _ in range(STARTS))

    def _start(self) -> float:
        self._clear()
        return taken(lambda: self._run(FEW), self.stage.server_processes).wall

    def ours(self) -> Taken:
        """One run of ours. Raises `WrongResult`, and what a run raises."""
        self._clear()
        found = taken(self._run, self.stage.server_processes)
        self._check_ours()
        return found

    def theirs(self, peer: Peer) -> Taken:
        """One load of a peer's. Raises `WrongResult` and `PeerFailed`."""
        self._clear()
        command = peer.command(self.stage)
        found = taken(lambda: ran(command), self.stage.server_processes)
        check = peer.check or self.case.check
        checks.demand_same(check(self.stage), self.wanted, peer.name)
        return found

    def memory(self) -> float:
        """MiB of parent and child together at most, in a run from the command line."""
        self._clear()
        mib, _ = memory.peak_of_ours(self.home, self.stage)
        self._check_ours()
        return mib

    def _run(self, row_limit: int | None = None) -> None:
        self.pipeline.run(row_limit)

    def _clear(self) -> None:
        self.stage.cleared()
        self.case.prepare(self.stage)

    def _check_ours(self) -> None:
        check = self.case.check_ours or self.case.check
        checks.demand_same(check(self.stage), self.wanted, "kaireon")


@contextmanager
def ready(case: Case, stage: Stage, home: Path) -> Iterator[Ready]:
    """The case with its pipeline in a registry of its own."""
    stage.cleared()
    case.prepare(stage)
    with prepared(home, stage, case.ours) as pipeline:
        yield Ready(case, stage, home, pipeline, case.expected(stage))
