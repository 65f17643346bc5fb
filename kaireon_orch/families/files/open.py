"""Unpack a file as it is read, with a cap on what it may swell to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import WriteableBuffer

MAGIC: Final[Mapping[bytes, str]] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
FREE_BYTES: Final = 1 << 30
MAX_RATIO: Final = 250
"""Unpacked beyond `FREE_BYTES`, a file may be at most so many times its packed size; text packs 5 to 20 fold."""

MAX_DIRECTORY: Final = 16 << 20
"""Bytes of a zip's list of members, which is read as a whole: room for some 200,000 of them."""

_BROKEN: Final = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, pa.ArrowInvalid)


class _DirectoryTooLarge(Exception):
    """A zip's list of members is larger than any that is meant well."""


class _Capped(io.RawIOBase):
    """`file` for `zipfile`, which asks for its list of members in one piece and for everything else in small ones."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise _DirectoryTooLarge
        return self._file.read(size)


class Unpacked(io.RawIOBase):
    """A packed stream's contents. Raises `Fault` BAD_DATA where it is broken or swells beyond its cap."""

    def __init__(self, file: BinaryIO, stream: BinaryIO) -> None:
        self._file = file
        self._stream = stream
        self._unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(len(view))
        except _BROKEN:
            raise Fault(FaultCode.BAD_DATA, "The compressed file is damaged or cut off.") from None
        self._unpacked += len(data)
        if self._unpacked > max(FREE_BYTES, self._file.tell() * MAX_RATIO):
            raise Fault(
                FaultCode.BAD_DATA, f"The compressed file swells to more than {MAX_RATIO} times its size."
            )
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._file.close()
        super().close()


def unpacked(file: BinaryIO, compression: str = "auto", member: str | None = None) -> BinaryIO:
    """The bytes of `file`, or of `member` in it, unpacked as they are read; closes `file` with itself.

    `auto` tells the compression by the first bytes. Raises `Fault`: OBJECT_MISSING, BAD_DATA.
    """
    try:
        kind = _sniffed(file) if compression == "auto" else compression
        if kind == "none":
            return file
        return io.BufferedReader(Unpacked(file, _unpack(file, kind, member)), 1 << 20)
    except BaseException:
        file.close()
        raise


def _sniffed(file: BinaryIO) -> str:
    head = file.read(8)
    file.seek(0)
    return next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "none")


def _unpack(file: BinaryIO, kind: str, member: str | None) -> BinaryIO:
    if kind == "zip":
        return _member(file, member)
    if kind == "zstd":
        return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))
    openers: Mapping[str, Callable[[BinaryIO], object]] = {
        "gzip": gzip.open,
        "bz2": bz2.open,
        "xz": lzma.open,
    }
    return cast("BinaryIO", openers[kind](file))


def _member(file: BinaryIO, member: str | None) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(cast("BinaryIO", _Capped(file)))
    except _DirectoryTooLarge:
        raise Fault(FaultCode.BAD_DATA, "The zip archive lists more files than are looked at.") from None
    except _BROKEN:
        raise Fault(FaultCode.BAD_DATA, "The zip archive is damaged.") from None
    name = _chosen([info.filename for info in archive.infolist() if not info.is_dir()], member)
    try:
        return cast("BinaryIO", archive.open(name))
    except (RuntimeError, NotImplementedError):
        raise Fault(
            FaultCode.BAD_DATA, f"The member {name!r} is encrypted or packed in an unknown way."
        ) from None


def _chosen(names: list[str], member: str | None) -> str:
    listed = ", ".join(sorted(names)[:10]) or "none"
    if member is None and len(names) == 1:
        return names[0]
    if member is None:
        raise Fault(
            FaultCode.OBJECT_MISSING, f"The archive holds several files; name one as member: {listed}"
        )
    if member not in names:
        raise Fault(FaultCode.OBJECT_MISSING, f"The archive has no member {member!r}; it holds: {listed}")
    return member
