"""A file that changes while it is read gives rows of two states: whoever reads it to its end is told."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.places import LocalFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from kaireon_orch.families.files.places import Place

Marks: TypeAlias = "list[tuple[int, ...] | None]"
"""Device, inode, bytes and time of the last change of each local file; None for one that is not there."""


def marks(places: Sequence[Place]) -> Marks:
    """The files as they are, to be taken before the first look into them."""
    return [_mark(place) for place in places if isinstance(place, LocalFile)]


def steady(
    batches: Iterator[pa.RecordBatch], places: Sequence[Place], before: Marks
) -> Iterator[pa.RecordBatch]:
    """The batches. Raises `Fault` BUSY after the last one where a file is not as it was `before`."""
    yield from batches
    if marks(places) != before:
        raise Fault(
            FaultCode.BUSY, "A file was changed while it was read; try again when nobody writes to it."
        )


def state_words(found: Marks) -> str | None:
    """The files' state for a person: how many, how large, when the last of them changed; None without local files."""
    known = [mark for mark in found if mark is not None]
    if not known:
        return None
    changed = datetime.fromtimestamp(max(mark[3] for mark in known) / 1e9, UTC)
    size = sum(mark[2] for mark in known)
    return f"{len(known)} file(s) of {size} bytes, changed {changed.isoformat(timespec='milliseconds')}"


def _mark(place: LocalFile) -> tuple[int, ...] | None:
    try:
        with place.open() as file:
            found = os.fstat(file.fileno())
    except Fault:
        return None  # whoever reads it says why
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
