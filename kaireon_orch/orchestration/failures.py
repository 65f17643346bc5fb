"""The seam out of a run: our errors become what Dagster retries, or does not.

An error of ours is safe to show; whatever else comes out of a run is not, so its words are left behind.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import Failure, RetryRequested

from kaireon_orch.control.retries import pause_after
from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Mapping


def failure_of(error: Exception, retries: Mapping[str, Any], attempt: int) -> Failure | RetryRequested:
    """What to raise `from None` for the `attempt`-th try's `error`: another try, or the end of the run.

    `retries` is the pipeline's object; the registry judges by the same rule whether the run goes on.
    """
    if not isinstance(error, KaireonError):
        return Failure(_unexpected(error), metadata={"kaireon/error_code": "INTERNAL"}, allow_retries=False)
    pause = pause_after(retries, attempt, error)
    if pause is not None:
        return RetryRequested(max_retries=retries["maxAttempts"] - 1, seconds_to_wait=pause)
    return end_of(error)


def end_of(error: KaireonError) -> Failure:
    """The end of a run in the error's own words."""
    words = f"{error.code}: {error.message}"
    return Failure(words, metadata={"kaireon/error_code": error.code}, allow_retries=False)


def _unexpected(error: Exception) -> str:
    """The class and the place of an error that is not ours: its own words may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"The run met an unexpected {type(error).__name__}{place}; please report it."


def code_of(failure: Failure) -> str:
    """The error's code that a failure of ours tells; empty for any other."""
    told = failure.metadata.get("kaireon/error_code")
    return "" if told is None else str(told.value)
