"""Compressed bodies in what is searched: Dagster keeps snapshots as zlib, and cursors and commands as that in base64."""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PIECE = 1 << 20
LARGEST = 1 << 30  # bytes out of one body: more is a bomb, not a snapshot
_ANY_HEADER = 47  # zlib or gzip, as the body itself says
_GZIP = b"\x1f\x8b\x08"
_DEFLATE = 8
# How a zlib or gzip body begins in base64.
_RUN = re.compile(rb"(?:H4sI|eJ|eN|eA|eF)[A-Za-z0-9+/_-]{22,}={0,2}")

_STANDARD = bytes.maketrans(b"-_", b"+/")


def bodies(data: bytes) -> Iterator[Iterator[bytes]]:
    """The bodies in `data`, unpacked piece by piece: `data` itself where it is one, and those that stand in it as base64."""
    if is_packed(data):
        yield inflated([data])
    for run in _RUN.finditer(data):
        decoded = _decoded(run[0])
        if is_packed(decoded):
            yield inflated([decoded])


def is_packed(data: bytes) -> bool:
    """Whether data begins as a zlib or gzip body does."""
    if data.startswith(_GZIP):
        return True
    return len(data) > 2 and data[0] & 0x0F == _DEFLATE and int.from_bytes(data[:2]) % 31 == 0  # noqa: PLR2004  RFC 1950


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a body holds, as far as it is whole."""
    inflater = zlib.decompressobj(_ANY_HEADER)
    left = LARGEST
    for piece in pieces:
        held = piece
        while held and left > 0 and not inflater.eof:
            try:
                out = inflater.decompress(held, PIECE)
            except zlib.error:
                return
            held = inflater.unconsumed_tail
            left -= len(out)
            if out:
                yield out
    if (rest := inflater.flush()) and left > 0:
        yield rest


def _decoded(run: bytes) -> bytes:
    plain = run.rstrip(b"=").translate(_STANDARD)
    whole = plain[:-1] if len(plain) % 4 == 1 else plain  # one character alone is no byte
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))
