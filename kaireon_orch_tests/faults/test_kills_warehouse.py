"""Loads into the built in warehouse, killed at every step and at random moments, then run again: exactly what must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.faults import killing
from kaireon_orch_tests.faults.places import InWarehouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.faults.parents import Parents
    from kaireon_orch_tests.movement.ends import Ends

NAMES = killing.names("duckdb")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_of_kills(
    ends: Ends, parents: Parents, name: str, record_property: Callable[[str, object], None]
) -> None:
    place = InWarehouse(ends)
    killing.killed(ends, parents, place, name, killing.sample(place), record_property, seed=1)


@pytest.mark.full
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", NAMES)
def test_a_share_of_a_thousand_kills(
    ends: Ends, parents: Parents, name: str, record_property: Callable[[str, object], None]
) -> None:
    told = killing.killed(ends, parents, InWarehouse(ends), name, killing.share(), record_property, seed=2)
    killing.demand_both_ways(told)
