"""Every type of every database into every target: equal, or refused by the plan and by the run alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.torture.cases import EVERY, TARGETS
from kaireon_orch_tests.torture.judging import demand_equal_or_refused, wrong
from kaireon_orch_tests.torture.sources import DATABASES, SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", DATABASES)
def test_every_value_arrives_or_is_refused(arena: Arena, source: str, target: str) -> None:
    demand_equal_or_refused(arena, SOURCES[source], target)


def test_every_value_takes_the_way_through_arrow_as_well(arena: Arena) -> None:
    torture = SOURCES["postgresql"]
    columns = {each.name: (each, each.taken("postgresql")) for each in torture.cases}
    table = arena.name()
    result = arena.load(torture.made(arena, columns), "postgresql", table, onRowError="quarantine")
    assert result["rowsRejected"] == 0
    assert wrong(arena, "postgresql", table, columns) == []


def test_what_arrow_cannot_keep_goes_from_postgresql_into_itself(arena: Arena) -> None:
    torture = SOURCES["postgresql"]
    odd = {each.name: [cell for cell in each.cells if cell.not_in == EVERY] for each in torture.cases}
    columns = {each.name: (each, odd[each.name]) for each in torture.cases if odd[each.name]}
    origin, table = torture.made(arena, columns), arena.name()
    arena.load(origin, "postgresql", table)
    names = ", ".join(f'"{name}"::text' for name in columns)
    before, after = (
        arena.in_postgres(f'SELECT {names} FROM "{name}" ORDER BY id') for name in (origin[1]["table"], table)
    )
    assert (after, len(columns) > 1) == (before, True)
