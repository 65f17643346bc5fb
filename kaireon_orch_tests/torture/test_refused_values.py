"""Values that a source cannot hand over, or a target cannot keep: an error names column and row, and nothing is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.torture.cases import EVERY, TARGETS
from kaireon_orch_tests.torture.judging import demand_named
from kaireon_orch_tests.torture.sources import SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case, Cell

UNREADABLE = [
    (source, each, cell)
    for source, torture in SOURCES.items()
    for each in torture.cases
    for cell in each.cells
    if cell.not_in == EVERY
]
ANYWHERE = [
    (source, target, each, cell)
    for source, each, cell in UNREADABLE
    for target in TARGETS
    if target != "parquet" and target not in each.not_in and (source, target) != ("postgresql", "postgresql")
]
"""From PostgreSQL into itself rows pass as the server's own bytes, whatever they hold."""

NOT_KEPT = [
    (source, target, each, cell)
    for source, torture in SOURCES.items()
    for target in TARGETS
    for each in torture.cases
    if target not in each.not_in and each.name != "minus_zero"  # alone, it is a whole number in a CSV file
    for cell in each.refused(target)
    if cell.not_in != EVERY
]
SAMPLE = [each for each in NOT_KEPT if each[1] != "mariadb"]
"""The target that takes longest is left to the whole table."""


@pytest.mark.parametrize(("source", "each", "cell"), UNREADABLE, ids=lambda of: getattr(of, "name", None))
def test_what_cannot_be_read_as_it_is_is_named(arena: Arena, source: str, each: Case, cell: Cell) -> None:
    demand_named(arena, SOURCES[source], "parquet", each, cell)


@pytest.mark.parametrize(
    ("source", "target", "each", "cell"), SAMPLE, ids=lambda of: getattr(of, "name", None)
)
def test_what_cannot_be_kept_is_named(arena: Arena, source: str, target: str, each: Case, cell: Cell) -> None:
    demand_named(arena, SOURCES[source], target, each, cell)


@pytest.mark.full
@pytest.mark.parametrize(
    ("source", "target", "each", "cell"),
    [each for each in NOT_KEPT if each not in SAMPLE],
    ids=lambda of: getattr(of, "name", None),
)
def test_what_mariadb_cannot_keep_is_named(
    arena: Arena, source: str, target: str, each: Case, cell: Cell
) -> None:
    demand_named(arena, SOURCES[source], target, each, cell)


@pytest.mark.full
@pytest.mark.parametrize(
    ("source", "target", "each", "cell"), ANYWHERE, ids=lambda of: getattr(of, "name", None)
)
def test_what_cannot_be_read_is_named_whatever_the_target(
    arena: Arena, source: str, target: str, each: Case, cell: Cell
) -> None:
    demand_named(arena, SOURCES[source], target, each, cell)
