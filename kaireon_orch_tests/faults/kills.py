"""What is killed, and where: every victim at every step of a load at which it lives, by chance from a fixed seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaireon_orch_tests.faults.points import STEPS

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

ANY = "any"
"""At a random time of the load."""

WIRE = "wire"
"""After a random byte of the connection."""

CHILD = (*STEPS, ANY)
OF_SOURCE = ("read", "batch", "prepare", "write", "commit", ANY)
OF_TARGET = ("begin", "describe", "prepare", "write", "commit", "source.commit", ANY)
LIVES: Mapping[str, Sequence[str]] = {
    "child": CHILD,
    "parent": CHILD,
    "source": OF_SOURCE,
    "target": OF_TARGET,
    "source cut": (*OF_SOURCE, WIRE),
    "target cut": (*OF_TARGET, WIRE),
}
"""The steps at which a victim lives. A backend is born within `read` and `begin`."""

BORN = {"read", "begin"}
LINES = {"clean_up", "begin", "read", "batch", "prepare", "write", "commit"}
"""Steps that are stopped within, before one of their lines, most of the time."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One death. `nth` call of the step; `place` is a share: of the step's lines, the connection's bytes, the time.

    `fresh`: into a table that is not there yet. `reset`: a cut connection is reset, else ended in the middle.
    `arrow`: rows go as batches where they could pass as bytes.
    """

    victim: str
    step: str
    moment: str
    nth: int = 1
    place: float = 0.0
    fresh: bool = False
    reset: bool = True
    arrow: bool = False

    @property
    def may_miss(self) -> bool:
        """At a random time the load may be over; a line may be of a way that is not taken again."""
        return self.is_placed

    @property
    def is_placed(self) -> bool:
        """Its place is a share of what a load of the kind was seen to be made of."""
        return self.step in {ANY, WIRE} or self.moment == "line"


def victims(*, has_backend: bool) -> tuple[str, ...]:
    """Who can die on the way into a target."""
    return tuple(name for name in LIVES if has_backend or not name.startswith("target"))


def planned(chance: random.Random, count: int, *, has_backend: bool) -> list[Kill]:
    """So many kills: all pairs of victim and step in a shuffled order, again and again; first a round of victims."""
    names = victims(has_backend=has_backend)
    pairs = [(victim, step) for victim in names for step in LIVES[victim]]
    chance.shuffle(pairs)
    round_ = [next(pair for pair in pairs if pair[0] == victim and pair[1] != ANY) for victim in names]
    rest = [pair for pair in pairs if pair not in round_]
    order = itertools.chain(round_, rest, itertools.cycle(pairs))
    return [_kill(chance, *next(order)) for _ in range(count)]


def _kill(chance: random.Random, victim: str, step: str) -> Kill:
    moments = ["after"] if victim not in {"child", "parent"} and step in BORN else ["before", "after"]
    if step in LINES and "before" in moments:
        moments += ["line"] * 4
    return Kill(
        victim,
        step,
        moment="before" if step in {ANY, WIRE} else chance.choice(moments),
        nth=chance.randrange(1, 4) if step in {"batch", "write"} else 1,
        place=chance.random(),
        fresh=chance.random() < 0.2,
        reset=chance.random() < 0.5,
        arrow=chance.random() < 0.5,
    )
