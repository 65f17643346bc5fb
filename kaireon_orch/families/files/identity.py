"""Whether a library that opens by name has opened the file that was judged, and not what a link has put in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

OpenFiles: TypeAlias = frozenset[tuple[int, int, int]]
"""Descriptor, device and inode of each regular file that this process has open."""


def open_files() -> OpenFiles:
    """To be taken before the library opens, and given to `has_opened` afterwards."""
    return frozenset(_found())


def has_opened(judged: BinaryIO, since: OpenFiles) -> bool:
    """Whether the file that `judged` is open on was opened once more since then, under whatever name, and no other.

    No other, because a library may open by name more than once.
    """
    wanted = os.fstat(judged.fileno())
    fresh = {found[1:] for found in open_files() - since}
    return fresh == {(wanted.st_dev, wanted.st_ino)}


def _found() -> Iterator[tuple[int, int, int]]:
    for entry in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(entry.name))
        except OSError:
            continue  # the listing's own descriptor, closed since
        if stat.S_ISREG(status.st_mode):
            yield int(entry.name), status.st_dev, status.st_ino
