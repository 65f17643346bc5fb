"""What a circuit breaker answers, wherever its state is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a call may pass, is the one trial call, or rests until `until`; times are UTC milliseconds.

    `now` is the clock by which `until` counts.
    """

    verdict: Literal["pass", "trial", "rest"]
    until: int = 0
    now: int = 0
