"""Time as the registry keeps it: UTC milliseconds since the epoch; and as the API shows it: ISO 8601 with `Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """`2026-01-01T00:00:00.000Z` for milliseconds since the epoch."""
    at = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def iso_or_none(ms: int | None) -> str | None:
    """`iso`, and None for a moment that has not come yet."""
    return None if ms is None else iso(ms)
