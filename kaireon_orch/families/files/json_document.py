"""The records of one JSON document, found as the text comes in: no more of it is held than the record at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.json_values import NoRecord, NotJson, Record, record_at, skip_space, value_at

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    T = TypeVar("T")

CHUNK_CHARACTERS: Final = 1 << 20
MAX_VALUE_CHARACTERS: Final = 64 << 20


def records_of(
    text: io.TextIOBase, head: str, path: Sequence[str], name: str
) -> Iterator[tuple[Record, int]]:
    """Each record with its length in characters; `head` was read of `text` before.

    At the end of `path` (or at the top) stands a list of objects, or one object, which is then the only record.
    Raises `Fault` BAD_DATA, OBJECT_MISSING where the path leads nowhere.
    """
    document = _Document(text, name, head)
    for key in path:
        document.enter(key)
    if document.peek() == "[":
        yield from document.items()
    else:
        yield document.record(1)
    if not path:
        document.demand_end()


@dataclass(slots=True)
class _Document:
    """A window on the text: `held` from `at` on is not understood yet."""

    text: io.TextIOBase
    name: str
    held: str = ""
    at: int = 0
    ended: bool = False

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self.at = skip_space(self.held, self.at)
            if self.at < len(self.held):
                return self.held[self.at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise self._broken()
        self.at += 1

    def enter(self, key: str) -> None:
        """Go to the value of a member of the object that begins here."""
        if self.peek() != "{":
            raise self._missing(key)
        self.take("{")
        while self.peek() == '"':
            found = self._skipped()
            self.take(":")
            if found == key:
                return
            self._skipped()
            if self.peek() == ",":
                self.take(",")
        raise self._missing(key)

    def items(self) -> Iterator[tuple[Record, int]]:
        """The records of the list that begins here."""
        self.take("[")
        number = 1
        while self.peek() not in {"]", ""}:
            yield self.record(number)
            number += 1
            if self.peek() != "]":
                self.take(",")
                if self.peek() == "]":
                    raise self._broken()
        self.take("]")

    def record(self, number: int) -> tuple[Record, int]:
        self.peek()
        try:
            record, end = self._whole(lambda: record_at(self.held, self.at))
        except NoRecord as refused:
            problem = refused.problem
            raise Fault(FaultCode.BAD_DATA, f"{self.name}, record {number}: {problem}.") from None
        except NotJson:
            raise Fault(FaultCode.BAD_DATA, f"{self.name}, record {number} is no JSON.") from None
        length, self.at = end - self.at, end
        return record, length

    def demand_end(self) -> None:
        if self.peek():
            raise Fault(FaultCode.BAD_DATA, f"{self.name} goes on after its document; is it JSON Lines?")

    def _skipped(self) -> object:
        """The value that begins here; goes on behind it."""
        self.peek()
        try:
            value, self.at = self._whole(lambda: value_at(self.held, self.at))
        except NotJson:
            raise self._broken() from None
        return value

    def _whole(self, read: Callable[[], tuple[T, int]]) -> tuple[T, int]:
        """What `read` makes of the text here, once enough of it is held. Raises `NotJson` at the end of the text."""
        while True:
            try:
                found, end = read()
            except NotJson as error:
                if error.settled or not self._more():
                    raise
            else:
                # A number at the very end may go on in the next chunk.
                if end < len(self.held) or not self._more():
                    return found, end

    def _more(self) -> bool:
        """Hold twice as much, so that a long value is not looked at too often."""
        if self.ended:
            return False
        rest = self.held[self.at :]
        if len(rest) > MAX_VALUE_CHARACTERS:
            raise Fault(
                FaultCode.BAD_DATA,
                f"{self.name} holds a value of more than {MAX_VALUE_CHARACTERS} characters.",
            )
        chunk = self.text.read(max(CHUNK_CHARACTERS, len(rest)))
        self.ended = not chunk
        self.held, self.at = rest + chunk, 0
        return bool(chunk)

    def _broken(self) -> Fault:
        return Fault(FaultCode.BAD_DATA, f"{self.name} is no JSON document, or is cut off.")

    def _missing(self, key: str) -> Fault:
        return Fault(
            FaultCode.OBJECT_MISSING, f"{self.name}: the document has no {key!r} on the way of recordsPath."
        )
