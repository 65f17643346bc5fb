"""A body kept on disk as it arrives: a file that is fetched no further than it is read, as often as wanted."""

from __future__ import annotations

import io
import os
import tempfile
from threading import Lock
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

MAX_DOWNLOAD_BYTES: Final = 8 << 30

_OUT_OF_TIME: Final = frozenset({FaultCode.TIMED_OUT, FaultCode.DEADLINE})


class Download:
    """The bytes of `chunks`, in an unnamed file below `folder`.

    `sample`: where the time is up, what has arrived up to its last line break is all there is, and `cut` is true.
    Readers may be used from any thread. Raises `Fault` BAD_DATA beyond `max_bytes`, and whatever `chunks` raises.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        folder: str,
        *,
        sample: bool = False,
        max_bytes: int = MAX_DOWNLOAD_BYTES,
    ) -> None:
        self._chunks = chunks
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by `close`
        self._sample = sample
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._arrived = 0
        self._ended = False
        self._cut_by: Fault | None = None

    @property
    def cut(self) -> bool:
        return self._cut_by is not None

    def open(self) -> _Reader:
        """A reader at the start of the body."""
        return _Reader(self)

    def close(self) -> None:
        self._file.close()

    def read_at(self, position: int, count: int) -> bytes:
        """Up to `count` bytes from `position`, fewer only at the end."""
        self._fetch(position + count)
        left = max(0, min(count, self._arrived - position))
        return os.pread(self._file.fileno(), left, position)

    def size(self) -> int:
        """Bytes of the whole body, which is fetched for it; of one that was cut nobody knows."""
        self._fetch(None)
        if self._cut_by is not None:
            raise self._cut_by
        return self._arrived

    def _fetch(self, wanted: int | None) -> None:
        if wanted is not None and wanted <= self._arrived:
            return
        with self._lock:
            while not self._ended and (wanted is None or self._arrived < wanted):
                self._fetch_chunk()

    def _fetch_chunk(self) -> None:
        try:
            chunk = next(self._chunks, None)
        except Fault as fault:
            self._cut_off(fault)
            return
        if chunk is None:
            self._ended = True
        else:
            self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        if self._arrived + len(chunk) > self._max_bytes:
            raise Fault(
                FaultCode.BAD_DATA, f"the file is larger than {self._max_bytes} bytes, the most that is read"
            )
        try:
            self._file.write(chunk)
            self._file.flush()
        except OSError:
            raise Fault(
                FaultCode.UNEXPECTED, "there is no room left on this machine to keep the file"
            ) from None
        self._arrived += len(chunk)

    def _cut_off(self, fault: Fault) -> None:
        whole = self._last_line_break() if self._sample and fault.fault in _OUT_OF_TIME else 0
        if not whole:
            raise fault
        self._arrived, self._ended, self._cut_by = whole, True, fault

    def _last_line_break(self, step: int = 1 << 20) -> int:
        """Bytes up to and with the last line break; 0 where there is none."""
        end = self._arrived
        while end > 0:
            start = max(0, end - step)
            found = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0


class _Reader(io.RawIOBase):
    def __init__(self, download: Download) -> None:
        self._download = download
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        self._position = max(0, offset + (self._download.size() if start is None else start))
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._download.read_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
