"""A file's bytes for a library that jumps about in them: unpacked ones are put down first."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.open import unpacked

if TYPE_CHECKING:
    from kaireon_orch.families.files.places import Place


def seekable(place: Place, folder: str, member: str | None, compression: str = "auto") -> BinaryIO:
    """The bytes of the file, or of `member` in it; unpacked they lie in an unnamed file below `folder`.

    Raises `Fault`: OBJECT_MISSING, BAD_DATA, UNEXPECTED where the disk is full.
    """
    stream = unpacked(place.open(), compression, member)
    if stream.seekable():
        return stream
    with stream:
        return _put_down(stream, folder)


def _put_down(stream: BinaryIO, folder: str) -> BinaryIO:
    kept = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  the caller closes it
    try:
        shutil.copyfileobj(stream, kept, 1 << 20)
    except OSError:
        kept.close()
        raise Fault(
            FaultCode.UNEXPECTED, "There is no room left on this machine to unpack the file."
        ) from None
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return cast("BinaryIO", kept)
