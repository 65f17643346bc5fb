"""The wire between a parent and its guarded child: length, kind, body.

A frame is a 4-byte big-endian length of what follows, one kind byte (`J`: JSON, `A`: an Arrow IPC stream), the body.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = b"J"
ARROW = b"A"
MAX_FRAME = 256 * 1024 * 1024

_HEADER = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Frame:
    kind: bytes
    body: bytes

    def document(self) -> dict[str, Any]:
        """The JSON object of a `J` frame; `Fault` UNEXPECTED for any other."""
        value = json.loads(self.body) if self.kind == JSON else None
        if not isinstance(value, dict):
            raise _broken()
        return value


def encode_json(document: Mapping[str, Any]) -> bytes:
    return encode(JSON, json.dumps(document, separators=(",", ":")).encode())


def encode(kind: bytes, body: bytes) -> bytes:
    """One whole frame; `Fault` UNEXPECTED above 256 MiB."""
    if len(body) >= MAX_FRAME:
        raise _broken()
    return _HEADER.pack(len(body) + 1) + kind + body


@dataclass(slots=True)
class Decoder:
    """Makes frames out of whatever pieces arrive; never waits."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """The frames that `piece` completes; `Fault` UNEXPECTED for one above 256 MiB."""
        self._buffer += piece
        while (frame := self._take()) is not None:
            yield frame

    def _take(self) -> Frame | None:
        if len(self._buffer) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._buffer)
        if not 0 < length <= MAX_FRAME:
            raise _broken()
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        whole = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        return Frame(whole[:1], whole[1:])


def _broken() -> Fault:
    return Fault(FaultCode.UNEXPECTED, "the worker and its parent lost each other's words; run it again")
