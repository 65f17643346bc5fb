"""Ids that sort by their time of creation: a prefix and a ULID in small letters (`conn_01k…`)."""

from __future__ import annotations

from ulid import ULID, ULIDGenerator

_GENERATOR = ULIDGenerator()  # monotonic within a process, also within one millisecond


def new_id(prefix: str) -> str:
    """`<prefix>_<ulid>`; rising within this process."""
    return f"{prefix}_{str(_GENERATOR.generate()).lower()}"


def time_of(record: str) -> int:
    """Milliseconds since the epoch at which the id was made; `ValueError` where the text is no id of ours."""
    _prefix, mark, ulid = record.rpartition("_")
    if not mark or ulid != ulid.lower():
        raise ValueError("not an id")
    return ULID.from_str(ulid.upper()).milliseconds
