"""The same in a real guarded child: what was proved in this process holds there too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.torture.judging import wrong
from kaireon_orch_tests.torture.sources import SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena


@pytest.mark.parametrize(("source", "target"), [("postgresql", "duckdb"), ("parquet", "postgresql")])
def test_every_value_arrives(arena: Arena, source: str, target: str) -> None:
    torture = SOURCES[source]
    columns = {each.name: (each, each.taken(target)) for each in torture.cases if target not in each.not_in}
    table = arena.name()
    arena.load_in_child(torture.made(arena, columns), target, table)
    assert wrong(arena, target, table, columns) == []
