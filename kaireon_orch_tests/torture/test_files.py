"""Every type of every kind of file into every target: equal, or refused by the plan and by the run alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.torture.cases import TARGETS
from kaireon_orch_tests.torture.judging import demand_equal_or_refused
from kaireon_orch_tests.torture.sources import FILES, SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", FILES)
def test_every_value_arrives_or_is_refused(arena: Arena, source: str, target: str) -> None:
    demand_equal_or_refused(arena, SOURCES[source], target)
