"""Which cron a pipeline's schedule is, so that pipelines of one rhythm share one Dagster schedule.

An interval runs at the multiples of its minutes since the epoch, in UTC. Where no cron says that (every 50
minutes), the schedule ticks at the greatest cadence that meets all of them and skips the ticks between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from math import gcd
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A cron expression with its IANA zone; `minutes` is the true interval where `cron` alone is too frequent."""

    cron: str
    timezone: str
    minutes: int | None = None

    @property
    def name(self) -> str:
        """A Dagster name that a reader recognises; the digest keeps two alike apart."""
        text = (
            f"cron {self.cron} {self.timezone}" if self.minutes is None else f"every {self.minutes} minutes"
        )
        words = re.sub(r"[^A-Za-z0-9]+", "_", text.replace("*", "x")).strip("_")
        return f"{words}_{sha256(repr(self).encode()).hexdigest()[:6]}"

    @property
    def words(self) -> str:
        """For people."""
        if self.minutes is not None:
            return f"every {self.minutes} minutes"
        return f"at {self.cron} ({self.timezone})"

    def due(self, at: datetime) -> bool:
        """Whether the tick at `at` (aware) is one of the interval's own; always so for a cron."""
        return self.minutes is None or int(at.timestamp() // 60) % self.minutes == 0


def rhythm(schedule: Mapping[str, Any] | None) -> Rhythm | None:
    """The rhythm of a pipeline's `schedule` object; None for a pipeline that runs on demand alone."""
    if schedule is None:
        return None
    if schedule["kind"] == "cron":
        return Rhythm(schedule["expression"], schedule.get("timezone") or "UTC")
    minutes = int(schedule["minutes"])
    return Rhythm(_cadence(minutes), "UTC", minutes)


def _cadence(minutes: int) -> str:
    """The rarest cron that meets every multiple of `minutes`."""
    if minutes % MINUTES_AN_HOUR:
        step = gcd(minutes, MINUTES_AN_HOUR)
        return f"*/{step} * * * *" if step > 1 else "* * * * *"
    hours = gcd(minutes // MINUTES_AN_HOUR, HOURS_A_DAY)
    if hours == HOURS_A_DAY:
        return "0 0 * * *"
    return f"0 */{hours} * * *" if hours > 1 else "0 * * * *"
