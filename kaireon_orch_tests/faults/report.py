"""What became of the kills, told at the end of a test run; it comes along with each test's report, whoever ran it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest import TerminalReporter  # noqa: PT013  for the annotation alone

PROPERTY = "kills"
OUTCOMES = ("undone", "committed", "complete", "missed")


@dataclass(frozen=True, slots=True)
class Kept:
    """One series: how often victim, step and outcome came together."""

    type: str
    name: str
    told: Counter[tuple[str, str, str]]

    def outcomes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (_, _, outcome), count in self.told.items():
            found[outcome] += count
        return found

    def to_property(self) -> tuple[str, dict[str, Any]]:
        """For `record_property`: plain values, which pass between processes."""
        rows = [[*key, count] for key, count in sorted(self.told.items())]
        return PROPERTY, {"type": self.type, "name": self.name, "told": rows}

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> Kept:
        told = Counter({(row[0], row[1], row[2]): row[3] for row in value["told"]})
        return cls(value["type"], value["name"], told)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """The table of all kills of the run, if there were any."""
    kept = list(_kept(terminalreporter))
    if kept:
        terminalreporter.section("kills")
        for line in table(kept):
            terminalreporter.write_line(line)


def _kept(reporter: TerminalReporter) -> Iterator[Kept]:
    for report in (*reporter.stats.get("passed", ()), *reporter.stats.get("failed", ())):
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY and getattr(report, "when", "call") == "call":
                yield Kept.from_value(value)


def table(kept: list[Kept]) -> Iterator[str]:
    """One line for each mode and target, one for each victim and step, and the sum."""
    outcomes: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    hits: Counter[tuple[str, str]] = Counter()
    for each in kept:
        outcomes += each.outcomes()
        yield f"{each.type}, {each.name}: {_words(each.outcomes())}; {_by_victim(each)}"
        for (victim, step, outcome), count in each.told.items():
            pairs[victim, step] += count
            hits[victim, step] += count if outcome != "missed" else 0
    for victim in dict.fromkeys(victim for victim, _ in pairs):
        steps = [
            f"{step} {hits[pair]}/{pairs[pair]}" for pair in pairs if (step := pair[1]) and pair[0] == victim
        ]
        yield f"{victim}: {', '.join(steps)}"
    yield f"all: {_words(outcomes)}"


def _words(outcomes: Counter[str]) -> str:
    """Hit: the death met its victim. Complete: the load went to its end all the same."""
    total = outcomes.total()
    told = ", ".join(f"{outcomes[way]} {way}" for way in OUTCOMES)
    return f"{total} kills, {total - outcomes['missed']} hit ({told})"


def _by_victim(each: Kept) -> str:
    all_: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for (victim, _, outcome), count in each.told.items():
        all_[victim] += count
        hit[victim] += count if outcome != "missed" else 0
    return ", ".join(f"{victim} {hit[victim]}/{all_[victim]}" for victim in all_)
