"""Standard output and error of a process without the secrets that it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import TextIOWrapper
    from typing import IO

    from kaireon_orch.orchestration.known_secrets import KnownSecrets


class ScrubbedStream:
    """A text stream: each piece that is written at once is scrubbed; all else is the stream's own.

    What bypasses it: a secret that is written in pieces, C code and processes that write to the descriptor.
    """

    def __init__(self, stream: TextIOWrapper, known: KnownSecrets) -> None:
        self._stream = stream
        self._known = known

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all the rest is the stream's
        return getattr(self._stream, name)

    def __iter__(self) -> Any:  # noqa: ANN401  as the stream has it
        return iter(self._stream)

    @property
    def buffer(self) -> ScrubbedBuffer:
        """The bytes below, scrubbed too."""
        return ScrubbedBuffer(cast("IO[bytes]", self._stream.buffer), self._known, self._stream.encoding)

    def write(self, text: str) -> int:
        """Write it without known secrets; the number of characters that were given."""
        self._stream.write(self._known.scrub(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)


class ScrubbedBuffer:
    """The same for bytes."""

    def __init__(self, stream: IO[bytes], known: KnownSecrets, encoding: str) -> None:
        self._stream = stream
        self._known = known
        self._encoding = encoding

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all the rest is the stream's
        return getattr(self._stream, name)

    def write(self, data: bytes) -> int:
        """Write it without known secrets; the number of bytes that were given."""
        text = bytes(data).decode(self._encoding, "surrogateescape")
        kept = (
            self._known.scrub(text).encode(self._encoding, "surrogateescape")
            if self._known.hold(text)
            else data
        )
        self._stream.write(kept)
        return len(data)
