"""Put one folder in another's place in a single step, so that no reader ever sees neither or half of it."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from pathlib import Path

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
"""renameat2(2): both names exist, and each gets what the other one named."""


def put_in_place(new: Path, place: Path) -> None:
    """`place` becomes `new`; what was there before, if anything, is found at `new` afterwards.

    Raises `Fault` TARGET_REFUSED where the file system cannot do it.
    """
    try:
        if place.exists():
            _exchange(new, place)
        else:
            new.rename(place)
        sync_folder(place.parent)
    except OSError:
        raise Fault(
            FaultCode.TARGET_REFUSED,
            "The folder's file system cannot exchange two folders in one step; choose a local one.",
        ) from None


def sync_folder(folder: Path) -> None:
    """Make the folder's entries outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(new: Path, place: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(new), os.fsencode(place)
    if library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")
