"""Avro's container (specification, "Object Container Files") as a stream whose blocks are unpacked and capped.

The codecs are those of the specification; a block may not swell beyond `MAX_BLOCK_BYTES`. What comes out is the same
container with the codec `null`, for a library that decodes records.
"""

from __future__ import annotations

import bz2
import io
import json
import lzma
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fastavro
import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from _typeshed import WriteableBuffer

MAX_BLOCK_BYTES: Final = 256 << 20
_MAGIC: Final = b"Obj\x01"
_SYNC_BYTES: Final = 16
_LONGEST_VARINT: Final = 10
_HEADER: Final = fastavro.parse_schema(
    {
        "type": "record",
        "name": "org.apache.avro.file.Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": _SYNC_BYTES}},
        ],
    }
)


class Container(io.RawIOBase):
    """The container in `stream`; `schema` is the writer's. `alike` is put in its place for the library.

    `record_bytes` is what a record of the block read last takes on average.
    Raises `Fault` BAD_DATA for what is no container, is cut off or swells.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        header = self._header()
        self._sync: bytes = header["sync"]
        self._codec = header["meta"].get("avro.codec", b"null").decode("ascii", "replace")
        self.schema: Any = self._schema(header["meta"])
        self.record_bytes = 0
        self._parts: Iterator[bytes] = iter(())
        self._rest = memoryview(b"")

    def plain(self, alike: Any) -> BinaryIO:  # noqa: ANN401  an Avro schema is any JSON
        """The whole container again, unpacked, with the schema `alike`."""
        self._parts = self._unpacked(alike)
        return io.BufferedReader(self, 1 << 18)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _header(self) -> Mapping[str, Any]:
        try:
            header: Any = fastavro.schemaless_reader(self._stream, _HEADER, None)
        except (EOFError, ValueError, OverflowError, IndexError, MemoryError):
            raise self._broken() from None
        if header["magic"] != _MAGIC:
            raise Fault(FaultCode.BAD_DATA, f"{self._name} is no Avro container.")
        return dict(header)

    def _schema(self, meta: Mapping[str, bytes]) -> Any:  # noqa: ANN401  an Avro schema is any JSON
        try:
            return json.loads(meta["avro.schema"])
        except (KeyError, ValueError):
            raise self._broken() from None

    def _unpacked(self, alike: Any) -> Iterator[bytes]:  # noqa: ANN401  an Avro schema is any JSON
        yield self._new_header(alike)
        unpack = _CODECS.get(self._codec)
        if unpack is None:
            raise Fault(
                FaultCode.NOT_SUPPORTED, f"{self._name} is packed by {self._codec!r}, which is not read."
            )
        while (count := self._varint()) is not None:
            data = self._block(unpack)
            self.record_bytes = len(data) // max(count, 1)
            yield _varint(count) + _varint(len(data))
            yield data
            yield self._sync

    def _block(self, unpack: Callable[[bytes], bytes]) -> bytes:
        size = self._varint()
        if size is None or not 0 <= size <= MAX_BLOCK_BYTES:
            raise self._broken()
        packed = self._exactly(size)
        if self._exactly(_SYNC_BYTES) != self._sync:
            raise self._broken()
        try:
            return unpack(packed)
        except (zlib.error, OSError, EOFError, lzma.LZMAError, pa.ArrowException, ValueError):
            raise self._broken() from None

    def _new_header(self, alike: Any) -> bytes:  # noqa: ANN401  an Avro schema is any JSON
        head = io.BytesIO()
        meta = {"avro.schema": json.dumps(alike).encode(), "avro.codec": b"null"}
        fastavro.schemaless_writer(head, _HEADER, {"magic": _MAGIC, "meta": meta, "sync": self._sync})
        return head.getvalue()

    def _varint(self) -> int | None:
        """The next long in Avro's zigzag coding; None at the end of the file."""
        value = 0
        for position in range(_LONGEST_VARINT):
            byte = self._stream.read(1)
            if not byte:
                if position:
                    raise self._broken()
                return None
            value |= (byte[0] & 0x7F) << (7 * position)
            if byte[0] < 0x80:  # noqa: PLR2004  the bit that says that the number goes on
                return (value >> 1) ^ -(value & 1)
        raise self._broken()

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) != size:
            raise self._broken()
        return data

    def _broken(self) -> Fault:
        return Fault(FaultCode.BAD_DATA, f"{self._name} is no Avro container, or is damaged or cut off.")


def _varint(value: int) -> bytes:
    rest = value << 1
    out = bytearray()
    while rest > 0x7F:  # noqa: PLR2004  the bit that says that the number goes on
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _capped(data: bytes) -> bytes:
    if len(data) > MAX_BLOCK_BYTES:
        raise Fault(FaultCode.BAD_DATA, f"A block swells to more than {MAX_BLOCK_BYTES >> 20} MiB.")
    return data


def _deflate(packed: bytes) -> bytes:
    return _capped(zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, MAX_BLOCK_BYTES + 1))


def _bzip2(packed: bytes) -> bytes:
    return _capped(bz2.BZ2Decompressor().decompress(packed, MAX_BLOCK_BYTES + 1))


def _xz(packed: bytes) -> bytes:
    return _capped(lzma.LZMADecompressor().decompress(packed, MAX_BLOCK_BYTES + 1))


def _zstandard(packed: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        return _capped(bytes(stream.read(MAX_BLOCK_BYTES + 1)))


def _snappy(packed: bytes) -> bytes:
    """Raw Snappy, its size in front of it, and four bytes of CRC behind."""
    size = 0
    for position, byte in enumerate(packed[:_LONGEST_VARINT]):
        size |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:  # noqa: PLR2004  the bit that says that the number goes on
            break
    if size > MAX_BLOCK_BYTES:
        raise Fault(FaultCode.BAD_DATA, f"A block swells to more than {MAX_BLOCK_BYTES >> 20} MiB.")
    data = bytes(pa.Codec("snappy").decompress(packed[:-4], size, asbytes=True))
    if zlib.crc32(data) != int.from_bytes(packed[-4:], "big"):
        raise ValueError("checksum")
    return data


_CODECS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "null": bytes,
    "deflate": _deflate,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstandard": _zstandard,
    "snappy": _snappy,
}
