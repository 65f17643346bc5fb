"""Every mode on every target, killed at every step and at random moments, then run again: exactly what must be there.

`FULL` kills are for `make test-full`; its last lines say what became of them.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch_tests.faults.deadly import STEPS
from kaireon_orch_tests.faults.world import MODES, World

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

TARGETS = ("postgresql", "duckdb")
VICTIMS = ("child", "parent", "source", "target")
MOMENTS = ("before", "during", "after")
SAMPLE = 3
"""Kills of one mode on one target in an ordinary run of the tests."""

FULL = 1_000
LONGEST_DELAY = 0.05
LONGEST_RUN = 1.2
"""Seconds in which a load of these few rows is over, imports of the child included."""


def kills(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """All steps in turn, in a shuffled order; every sixth at a random time."""
    planned = [(step, moment) for step in STEPS for moment in MOMENTS]
    chance.shuffle(planned)
    found = []
    for at in range(count):
        step, moment = ("any", "during") if at % 6 == 5 else planned[at % len(planned)]
        delay = chance.uniform(0, LONGEST_RUN if step == "any" else LONGEST_DELAY)
        victim = VICTIMS[(at + chance.randrange(2)) % len(VICTIMS)]
        found.append({"victim": victim, "step": step, "moment": moment, "delay": delay})
    return found


def killed(ends: Ends, kind: str, name: str, count: int, seed: int) -> Counter[str]:
    """How so many loads ended that were killed, one after the other, in one pipeline."""
    chance = random.Random(f"{kind} {name} {seed}")  # noqa: S311  no secret
    world = World(ends, kind, name, chance)
    world.change()
    world.load()
    return Counter(world.kill_and_recover(kill) for kill in kills(chance, count))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", MODES)
def test_a_sample_of_kills(ends: Ends, kind: str, name: str) -> None:
    told = killed(ends, kind, name, SAMPLE, seed=1)
    assert sum(told.values()) == SAMPLE


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", MODES)
def test_a_thousand_kills(ends: Ends, kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    count = -(-FULL // (len(TARGETS) * len(MODES)))
    told = killed(ends, kind, name, count, seed=2)
    with capsys.disabled():
        print(f"\n{name} on {kind}: {count} kills, {dict(told)}")  # noqa: T201  what this test is to say
    assert told["undone"]
    assert told["committed"]
