"""Time as the registry keeps it: UTC milliseconds since the epoch; and as the API shows it: ISO 8601 with `Z`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  in UTC, said by the `Z`


def now_ms() -> int:
    """The wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@lru_cache(4096)
def iso(ms: int) -> str:
    """`2026-01-01T00:00:00.000Z` for milliseconds since the epoch."""
    return f"{(_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec='milliseconds')}Z"


def iso_or_none(ms: int | None) -> str | None:
    """`iso`, and None for a moment that has not come yet."""
    return None if ms is None else iso(ms)
