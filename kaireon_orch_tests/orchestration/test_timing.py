from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from dagster._utils.schedules import schedule_execution_time_iterator

from kaireon_orch.orchestration.timing import Rhythm, rhythm

EPOCH_DAY = datetime(2026, 3, 1, tzinfo=UTC)


def interval(minutes: int) -> Rhythm:
    found = rhythm({"kind": "interval", "minutes": minutes})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("minutes", "cron"),
    [
        (1, "* * * * *"),
        (15, "*/15 * * * *"),
        (60, "0 * * * *"),
        (360, "0 */6 * * *"),
        (1440, "0 0 * * *"),
        (90, "*/30 * * * *"),
        (7, "* * * * *"),
        (300, "0 * * * *"),
    ],
)
def test_an_interval_becomes_the_rarest_cron_that_meets_it(minutes: int, cron: str) -> None:
    assert interval(minutes).cron == cron


@pytest.mark.parametrize("minutes", [1, 7, 15, 50, 60, 90, 100, 300, 720, 1000, 1440])
def test_the_due_ticks_of_an_interval_are_exactly_its_multiples(minutes: int) -> None:
    beat = interval(minutes)
    days = 5
    ticks = CronSim(beat.cron, EPOCH_DAY - timedelta(minutes=1))
    due = [at for at in (next(ticks) for _ in range(days * 1440)) if beat.due(at)]
    due = [at for at in due if at < EPOCH_DAY + timedelta(days=days)]
    start = int(EPOCH_DAY.timestamp()) // 60
    assert [int(at.timestamp()) // 60 for at in due] == [
        minute for minute in range(start, start + days * 1440) if minute % minutes == 0
    ]


def test_a_cron_keeps_its_zone_and_is_always_due() -> None:
    found = rhythm({"kind": "cron", "expression": "0 2 * * *", "timezone": "Europe/Berlin"})
    assert found == Rhythm("0 2 * * *", "Europe/Berlin")
    assert found.due(EPOCH_DAY)


def test_no_schedule_has_no_rhythm() -> None:
    assert rhythm(None) is None


def test_names_are_dagsters_alphabet_and_differ_where_rhythms_do() -> None:
    beats = [Rhythm("*/5 * * * *", "UTC"), Rhythm("5 * * * *", "UTC"), Rhythm("*/5 * * * *", "UTC", 5)]
    names = {beat.name for beat in beats}
    assert len(names) == len(beats)
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in names)


@pytest.mark.parametrize(
    ("around", "hours"),
    [
        (datetime(2026, 3, 29, tzinfo=UTC), [3]),
        (datetime(2026, 10, 25, tzinfo=UTC), [2]),
        (datetime(2026, 6, 1, tzinfo=UTC), [2]),
    ],
    ids=["an hour that is not there", "an hour that is there twice", "a plain day"],
)
def test_each_day_has_one_tick_also_when_the_clock_is_set(around: datetime, hours: list[int]) -> None:
    """As Dagster, which runs the schedule, reads the cron."""
    beat = Rhythm("30 2 * * *", "Europe/Berlin")
    ticks = schedule_execution_time_iterator(
        (around - timedelta(hours=2)).timestamp(), beat.cron, beat.timezone
    )
    day = [at for at in (next(ticks) for _ in range(3)) if at.date() == around.date()]
    assert [at.hour for at in day] == hours
