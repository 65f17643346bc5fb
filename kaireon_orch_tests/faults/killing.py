"""Kill loads of one mode into one target, one after the other, and hold the figures against what was meant."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from kaireon_orch_tests.faults import kills
from kaireon_orch_tests.faults.model import MODES
from kaireon_orch_tests.faults.places import load_modes
from kaireon_orch_tests.faults.report import Kept
from kaireon_orch_tests.faults.world import World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from kaireon_orch_tests.faults.parents import Parents
    from kaireon_orch_tests.faults.places import Place
    from kaireon_orch_tests.movement.ends import Ends

TYPES = ("postgresql", "duckdb", "delta_lake")
FULL = 1_000
"""Kills of all modes and targets together, for `make test-full`."""

MOST_MISSED = 0.2
"""Deaths at random times come too late now and then; more of them, and the harness kills nothing."""


def names(type_: str) -> list[str]:
    """The cases of `MODES` that a target holds."""
    return [name for name in MODES if name.split()[0] in load_modes(type_)]


def share() -> int:
    """Kills for each mode of each target, so that all come to `FULL`."""
    return -(-FULL // sum(len(names(type_)) for type_ in TYPES))


def sample(place: Place) -> int:
    """As many as there are victims: each dies once."""
    return len(kills.victims(has_backend=place.has_backend))


def killed(
    ends: Ends,
    parents: Parents,
    place: Place,
    name: str,
    count: int,
    record: Callable[[str, object], None],
    seed: int,
) -> Counter[str]:
    """Kill so many; how they went. Raises `AssertionError` for whatever is not as it must be."""
    chance = random.Random(f"{place.type} {name} {seed}")  # noqa: S311  no secret
    with World(ends, place, name, chance, parents) as world:
        for kill in kills.planned(chance, count, has_backend=place.has_backend):
            world.kill_and_recover(kill)
        kept = Kept(place.type, name, world.told)
        record(*kept.to_property())
        world.clean_run()
        assert world.scratch() == [], "folders of killed jobs are left after the next one"
        assert world.watcher.looks, "nobody looked"
    demand_hits(kept.outcomes(), count)
    return kept.outcomes()


def demand_hits(told: Counter[str], count: int) -> None:
    """A harness that kills nothing, or loses count, fails."""
    assert sum(told.values()) == count
    assert told["missed"] <= max(2, MOST_MISSED * count), told


def demand_both_ways(told: Counter[str]) -> None:
    """A long series has deaths before and behind the commit."""
    missing: Sequence[str] = [way for way in ("undone", "committed") if not told[way]]
    assert not missing, (f"none {missing}", told)
