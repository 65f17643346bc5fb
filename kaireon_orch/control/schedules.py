"""Schedules of pipelines: what a cron expression, an interval and a time zone may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from kaireon_orch.control.shapes import Shape
from kaireon_orch.control.type_words import is_timezone

FIELDS = 5
MINUTES_A_DAY = 24 * 60
FEBRUARY = 2
LONGEST_FEBRUARY = 29


def known_timezone(name: str) -> str:
    """`name` where the time zone database knows it; else ValueError."""
    if not is_timezone(name):
        raise ValueError(f"{name} is not a time zone; take a name such as UTC or Europe/Berlin")
    return name


def coming_cron(expression: str) -> str:
    """`expression` with single spaces, where it has five fields and comes at least once; else ValueError.

    The dialect is what both Debian's cron and Dagster read: no `LW` and no last weekday (`5L`).
    """
    fields = expression.split()
    if len(fields) != FIELDS:
        raise ValueError("takes five fields: minute, hour, day of month, month, day of week")
    if "W" in fields[2].upper() or "L" in fields[4].upper():
        raise ValueError("takes no W and no L, but L alone as the day of month")
    if not _comes(expression):
        raise ValueError(f"{expression!r} never comes")
    return " ".join(fields)


def _comes(expression: str) -> bool:
    try:
        cron = CronSim(expression, datetime.now(UTC))
        # Debian's cron lets a day of the week stand in for a day that the month lacks; Dagster does not.
        return (
            not (cron.months == {FEBRUARY} and min(cron.days) > LONGEST_FEBRUARY) and next(cron) is not None
        )
    except CronSimError:
        raise ValueError(
            f"{expression!r} never comes or has a field out of its range: minute 0-59, hour 0-23, day 1-31, "
            "month 1-12, day of the week 0-7"
        ) from None
    except StopIteration:
        return False


TimeZone = Annotated[str, AfterValidator(known_timezone)]


class Cron(Shape):
    """`{"kind": "cron", "expression", "timezone"}`."""

    kind: Literal["cron"]
    expression: Annotated[str, Field(max_length=200), AfterValidator(coming_cron)]
    timezone: TimeZone = "UTC"


class Interval(Shape):
    """`{"kind": "interval", "minutes"}`, up to a day; longer ones are a cron."""

    kind: Literal["interval"]
    minutes: Annotated[int, Field(ge=1, le=MINUTES_A_DAY)]


Schedule = Annotated[Cron | Interval, Field(discriminator="kind")]
