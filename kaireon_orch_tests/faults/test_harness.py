"""The harness can fail: targets that keep no promise are caught, and so is a harness that kills nothing."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch_tests.faults import broken, deadly, killing
from kaireon_orch_tests.faults.kills import LIVES, WIRE, Kill, planned
from kaireon_orch_tests.faults.onlooker import PAUSE, Onlooker
from kaireon_orch_tests.faults.places import InWarehouse
from kaireon_orch_tests.faults.report import Kept, table
from kaireon_orch_tests.faults.world import World

if TYPE_CHECKING:
    from kaireon_orch_tests.faults.parents import Parents
    from kaireon_orch_tests.movement.ends import Ends

BEHIND_THE_COMMIT = Kill("child", "commit", "after")
BEFORE_THE_COMMIT = Kill("child", "commit", "before")


class Broken(World):
    """A world whose child has a target that keeps no promise."""

    breaks: str | None = None

    def _payload(self, *, direct: bool = False, stop: dict[str, Any] | None = None) -> dict[str, Any]:
        payload = super()._payload(direct=direct, stop=stop)
        if self.breaks is None:
            return payload
        return payload | {
            "module": broken.__name__,
            "stop": payload["stop"] | {"broken": self.breaks},
        }


class Forgetful(World):
    """A world in which a retry does not say that it is one."""

    def recovered(self) -> dict[str, Any]:
        return self.ends.work(self._payload(direct=True) | {"runId": uuid.uuid4().hex})


class Toothless(World):
    """A world in which nobody dies."""

    def _strike(self, victim: str, pids: dict[str, int]) -> bool:
        return bool(pids) and victim == ""


def world(kind: type[World], ends: Ends, parents: Parents) -> Any:
    return kind(ends, InWarehouse(ends), "append", random.Random(1), parents)  # noqa: S311  no secret


def test_a_sound_target_passes(ends: Ends, parents: Parents) -> None:
    with world(Broken, ends, parents) as sound:
        assert sound.kill_and_recover(BEFORE_THE_COMMIT) == "undone"
        assert sound.kill_and_recover(BEHIND_THE_COMMIT) == "committed"


def test_a_ledger_apart_from_the_rows_is_caught(ends: Ends, parents: Parents) -> None:
    with world(Broken, ends, parents) as apart:
        apart.breaks = "apart"
        between = Kill("child", "begin", "before", nth=2)
        with pytest.raises(AssertionError, match=r"neither|instead of"):
            apart.kill_and_recover(between)


def test_what_is_left_behind_is_caught(ends: Ends, parents: Parents) -> None:
    with world(Broken, ends, parents) as littering:
        littering.breaks = "littering"
        with pytest.raises(AssertionError, match="staging"):
            littering.kill_and_recover(BEFORE_THE_COMMIT)


def test_lost_rows_are_caught(ends: Ends, parents: Parents) -> None:
    with world(Broken, ends, parents) as losing:
        losing.breaks = "losing"
        with pytest.raises(AssertionError, match=r"neither|instead of"):
            losing.kill_and_recover(BEHIND_THE_COMMIT)


def test_a_retry_that_doubles_is_caught(ends: Ends, parents: Parents) -> None:
    with (
        world(Forgetful, ends, parents) as doubling,
        pytest.raises(AssertionError, match="loaded again"),
    ):
        doubling.kill_and_recover(BEHIND_THE_COMMIT)


def test_a_harness_that_kills_nothing_fails(ends: Ends, parents: Parents) -> None:
    with (
        world(Toothless, ends, parents) as toothless,
        pytest.raises(AssertionError, match="it killed nothing"),
    ):
        toothless.kill_and_recover(BEFORE_THE_COMMIT)


@pytest.mark.parametrize(
    "told", [Counter(undone=10), Counter(undone=8, missed=12), Counter(undone=12, committed=7)]
)
def test_too_few_kills_fail(told: Counter[str]) -> None:
    with pytest.raises(AssertionError):
        killing.demand_hits(told, 20)


def test_a_series_without_a_death_behind_the_commit_fails() -> None:
    killing.demand_both_ways(Counter(undone=1, committed=1))
    with pytest.raises(AssertionError, match="committed"):
        killing.demand_both_ways(Counter(undone=9))


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([[(1,)], [(1,), (2,)]], "neither"),
        ([[], [(1,), (2,), (3,)], []], "then the one before"),
    ],
)
def test_a_reader_between_two_states_is_caught(states: list[list[tuple[int]]], words: str) -> None:
    shown = iter(states)
    last = states[-1]
    with (
        Onlooker(lambda: next(shown, last)) as onlooker,
        pytest.raises(AssertionError, match=words),
        onlooker.sees([], [(3,), (2,), (1,)]),
    ):
        time.sleep(PAUSE * 8)


def test_every_victim_dies_at_every_step_where_it_lives() -> None:
    pairs = {(victim, step) for victim, steps in LIVES.items() for step in steps}
    kills = planned(random.Random(1), len(pairs), has_backend=True)  # noqa: S311  no secret
    assert {(kill.victim, kill.step) for kill in kills} == pairs
    assert {kill.victim for kill in kills[: len(LIVES)]} == set(LIVES)
    moments = {(kill.moment, kill.fresh) for kill in kills}
    assert moments == {(moment, fresh) for moment in ("before", "line", "after") for fresh in (False, True)}


def test_the_report_counts_what_hit() -> None:
    told = Counter({("child", "commit", "undone"): 3, ("child", WIRE, "missed"): 1})
    kept = Kept.from_value(Kept("duckdb", "append", told).to_property()[1])
    assert list(table([kept])) == [
        "duckdb, append: 4 kills, 3 hit (3 undone, 0 committed, 0 complete, 1 missed); child 3/4",
        "child: commit 3/3, wire 0/1",
        "all: 4 kills, 3 hit (3 undone, 0 committed, 0 complete, 1 missed)",
    ]


def test_a_stop_says_where_it_is_and_waits(ends: Ends, parents: Parents) -> None:
    """The ways that a load goes are known before it is killed: every step has lines."""
    with world(World, ends, parents) as rehearsed:
        for fresh in (False, True):
            rehearsed._rehearse((True, fresh))
            assert {step for step, lines in rehearsed.trails[True, fresh].items() if lines} == {
                *("clean_up", "begin", "describe", "read", "batch", "prepare", "write", "commit"),
                *("source.commit", "close"),
            }
    assert not (ends.folder / deadly.GO).exists()
