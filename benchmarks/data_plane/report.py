"""What the pairs came to: medians, spreads and ratios, as a table in Markdown and as JSON."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.data_plane.measure import Taken

HEAD: Final = (
    "| case | against | ours, s | peer, s | ratio | aim | without our start | CPU ratio | our CPU, s |",
    "|---|---|---|---|---|---|---|---|---|",
)

BRIEF: Final = (
    "| load | against | ours, s | peer, s | ratio of times | of CPU |",
    "|---|---|---|---|---|---|",
)


@dataclass(slots=True)
class Pairs:
    """The loads of one case and one peer, in turns. `start` is what a run of ten rows takes, in seconds."""

    case: str
    peer: str
    rows: int
    start: float
    aim: float | None = None
    ours: list[Taken] = field(default_factory=list)
    theirs: list[Taken] = field(default_factory=list)

    def ratio(self, *, without_start: bool = False) -> float | None:
        """Of the medians: our time from the job's start to its result, to the peer's work without its imports.

        None where the peer gave no right result.
        """
        if not self.theirs:
            return None
        ours = _median([each.wall for each in self.ours]) - (self.start if without_start else 0)
        return ours / _median([each.work for each in self.theirs])

    def cpu_ratio(self) -> float | None:
        """Of the medians of CPU, clients and servers together; None as above."""
        if not self.theirs:
            return None
        return _median([each.cpu for each in self.ours]) / _median([each.cpu for each in self.theirs])

    def row(self) -> str:
        """The line of the table; a ratio over its aim is marked."""
        ratio = self.ratio()
        aim = "" if self.aim is None else f"≤ {self.aim:g}"
        if ratio is not None and self.aim is not None and ratio > self.aim:
            aim += " missed"
        ours, theirs = [each.wall for each in self.ours], [each.work for each in self.theirs]
        ratios = [ratio, self.ratio(without_start=True), self.cpu_ratio()]
        shown = ["" if each is None else f"{each:.2f}" for each in ratios]
        cpu = f"{_median([each.client_cpu for each in self.ours]):.2f} + {_median([each.server_cpu for each in self.ours]):.2f}"
        parts = (self.case, self.peer, _spread(ours), _spread(theirs), shown[0], aim, *shown[1:], cpu)
        return f"| {' | '.join(parts)} |"

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ratio": self.ratio(),
            "ratioWithoutStart": self.ratio(without_start=True),
            "cpuRatio": self.cpu_ratio(),
        }


def brief(made: Sequence[Mapping[str, Any]]) -> str:
    """The lines of the README's table, of what `to_json` gave: seconds of ours and of the peer's, and both ratios."""
    shown = [each for each in made if each.get("ratio") is not None]
    lines = [
        f"| {each['case']} | {each['peer']} | {_median([one['wall'] for one in each['ours']]):.1f} |"
        f" {_median([one['work'] for one in each['theirs']]):.1f} | **{each['ratio']:.2f}** | {each['cpuRatio']:.2f} |"
        for each in shown
    ]
    return "\n".join((*BRIEF, *lines))


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    return f"{_median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)
