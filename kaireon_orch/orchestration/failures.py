"""The seam out of a run: our errors become what Dagster retries, or does not.

An error of ours is safe to show; whatever else comes out of a run is not, so its words are left behind.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import Failure, RetryRequested

from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Retries:
    """A pipeline's `retries`: `max_attempts` counts the first one; the delay is in seconds."""

    max_attempts: int
    delay_seconds: float
    exponential: bool

    @classmethod
    def of(cls, retries: Mapping[str, Any]) -> Retries:
        """From the pipeline's object."""
        return cls(
            int(retries["maxAttempts"]), float(retries["delaySeconds"]), retries["backoff"] == "exponential"
        )

    def wait_after(self, attempt: int) -> float | None:
        """Seconds to wait after the `attempt`-th failure, counted from 1; None where it was the last."""
        if attempt >= self.max_attempts:
            return None
        factor = 2 ** (attempt - 1) if self.exponential else 1
        return min(self.delay_seconds * factor, LONGEST_WAIT_SECONDS)


NO_RETRIES = Retries(max_attempts=1, delay_seconds=0.0, exponential=False)


def failure_of(error: Exception, retries: Retries, attempt: int) -> Failure | RetryRequested:
    """What to raise `from None` for `error`: another try where waiting may help, else the end of the run."""
    if not isinstance(error, KaireonError):
        return Failure(_unexpected(error), metadata={"kaireon/error_code": "INTERNAL"}, allow_retries=False)
    wait = retries.wait_after(attempt) if error.retryable else None
    if wait is not None:
        return RetryRequested(max_retries=retries.max_attempts - 1, seconds_to_wait=wait)
    return Failure(
        f"{error.code}: {error.message}", metadata={"kaireon/error_code": error.code}, allow_retries=False
    )


def _unexpected(error: Exception) -> str:
    """The class and the place of an error that is not ours: its own words may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"The run met an unexpected {type(error).__name__}{place}; please report it."
