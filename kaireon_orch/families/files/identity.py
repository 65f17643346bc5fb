"""Whether a library that opens by name has opened the file that was judged, and not what a link has put in its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_opened_again(judged: BinaryIO) -> bool:
    """Whether this process has another descriptor on the file that `judged` is open on.

    For the moment right after a library opened the path of `judged`: where it got another file, nothing else is open
    on this one.
    """
    own = judged.fileno()
    wanted = os.fstat(own)
    return any(os.path.samestat(found, wanted) for found in _open_files(own))


def _open_files(but: int) -> Iterator[os.stat_result]:
    for entry in Path("/dev/fd").iterdir():
        if int(entry.name) != but:
            try:
                yield os.fstat(int(entry.name))
            except OSError:
                continue  # the listing's own descriptor, closed since
