"""Counts the cases of each class of attacks: a test is one, unless it says how many attempts it makes."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

import pytest

from kaireon_orch_tests.network.conftest import listener

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["listener"]

Tally: TypeAlias = "Callable[[int], None]"
_COUNT = "attack cases"


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Takes the number of attempts that a test makes."""
    return lambda count: record_property(_COUNT, count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        path = PurePath(report.nodeid.partition("::")[0])
        if path.parent.name == "attacks" and report.when == "call":
            counted[path.stem.removeprefix("test_")] += _attempts(report)
    if counted:
        shown = ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
        terminalreporter.write_line(f"attacks that were repelled: {shown}; {counted.total()} in all")


def _attempts(report: pytest.TestReport) -> int:
    return sum(int(str(value)) for name, value in report.user_properties if name == _COUNT) or 1
