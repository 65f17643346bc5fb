"""When a run is tried again: only for faults that may pass by themselves, as often as the pipeline says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.errors import KaireonError

LONGEST_PAUSE_SECONDS = 3600.0


def pause_after(retries: Mapping[str, Any], attempt: int, error: KaireonError) -> float | None:
    """Seconds to wait before the next try; None where there is none: the fault will not pass, or it was the last.

    `retries` is the pipeline's `{maxAttempts, delaySeconds, backoff}`; `attempt` counts from 1.
    """
    if not error.retryable or attempt >= retries["maxAttempts"]:
        return None
    factor: int = {"exponential": 2 ** (attempt - 1), "linear": attempt}.get(retries["backoff"], 1)
    return min(float(retries["delaySeconds"]) * factor, LONGEST_PAUSE_SECONDS)


def retry_words(error: KaireonError, attempt: int, pause: float) -> str:
    """What a run says between two tries."""
    return f"Try {attempt} failed: {error.message} The next one begins in {pause:g} s."
