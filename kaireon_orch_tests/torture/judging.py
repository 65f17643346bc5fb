"""What must hold for a pair of source and target, whichever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault
from kaireon_orch_tests.torture.meanings import same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case, Cell
    from kaireon_orch_tests.torture.sources import Torture

LOSSY = "lossy"


def demand_equal_or_refused(arena: Arena, source: Torture, target: str) -> None:
    """All columns at once: the plan says which are refused, a run refuses them before it writes, the rest is equal."""
    columns = {each.name: (each, each.taken(target)) for each in source.cases}
    origin = source.made(arena, columns)
    refused = {each.name for each in source.cases if target in each.not_in}
    table = arena.name()
    plan = arena.planned(origin, target, table)
    assert {each["name"] for each in plan["columns"] if each["fidelity"] == LOSSY} == refused
    assert (plan["refused"] is None) is (not refused)
    if refused:
        with pytest.raises(Fault) as caught:
            arena.load(origin, target, table)
        assert (caught.value.code, caught.value.message) == (
            plan["refused"]["code"],
            plan["refused"]["message"],
        )
        assert not arena.exists(target, table)
    kept = {name: pair for name, pair in columns.items() if name not in refused}
    arena.load(origin, target, table, columns={"exclude": sorted(refused)})
    assert wrong(arena, target, table, kept) == []
    again = arena.planned(origin, target, table, columns={"exclude": sorted(refused)})
    assert [each for each in again["columns"] if each["action"] != "keep"] == []


def wrong(
    arena: Arena, target: str, table: str, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> list[tuple[Any, ...]]:
    """Column, row, what was found and what was meant, for each value that is another one."""
    found = arena.found(target, table, {name: each for name, (each, _) in columns.items()})
    different: list[tuple[Any, ...]] = []
    for name, (each, cells) in columns.items():
        meant = [cell.meaning for cell in cells] + [None] * (len(found[name]) - len(cells))
        pairs = enumerate(zip(found[name], meant, strict=True))
        different += [
            (name, at, _short(one), _short(other))
            for at, (one, other) in pairs
            if not _alike(one, other, each, target)
        ]
    return different


def _alike(found: Any, meant: Any, each: Case, target: str) -> bool:
    if found is None or meant is None:
        return found is meant
    if target == "mariadb" and found == meant == 0:
        return True  # it has no negative zero
    return same(found, meant, each, target)


def _short(value: Any) -> str:
    return repr(value)[:120]


def demand_named(arena: Arena, source: Torture, target: str, each: Case, cell: Cell) -> None:
    """A value that does not go: an error names its column and row, and there is no table."""
    origin = source.made(arena, {each.name: (each, (cell,))})
    table = arena.name()
    with pytest.raises(Fault) as caught:
        arena.load(origin, target, table)
    assert f"Column {each.name!r}, row 1" in caught.value.message
    assert not arena.exists(target, table)
