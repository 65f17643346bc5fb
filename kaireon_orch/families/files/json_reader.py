"""One JSON file as records: a record a line, or one document with a list of them at `records_path`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import json_values
from kaireon_orch.families.files.json_document import records_of
from kaireon_orch.families.files.json_values import NoRecord, NotJson, Record, record_at, skip_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_RECORD_CHARACTERS: Final = 64 << 20
BATCH_CHARACTERS: Final = 4 << 20
BATCH_RECORDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class JsonFile:
    """`layout` is `auto`, `document` or `lines`; `records_path` names the way to the list, empty for the document."""

    opened: Callable[[], BinaryIO]
    name: str
    layout: str = "auto"
    records_path: tuple[str, ...] = ()
    encoding: str = "utf-8"

    def batches(self) -> Iterator[list[Record]]:
        """The records, some thousand at a time. Raises `Fault` BAD_DATA naming the record."""
        with self.opened() as stream:
            text = _text(stream, self.encoding)
            try:
                yield from _grouped(self._records(text))
            except UnicodeError:
                raise Fault(
                    FaultCode.BAD_DATA, f"{self.name} holds bytes that are no {self.encoding} text."
                ) from None

    def _records(self, text: io.TextIOWrapper) -> Iterator[tuple[Record, int]]:
        if self.layout == "document" or self.records_path:
            yield from records_of(text, "", self.records_path, self.name)
            return
        head = self._head(text)
        if self.layout == "lines" or _is_record(head):
            yield from self._lines(text, head)
        else:
            yield from records_of(text, head, (), self.name)

    def _head(self, text: io.TextIOWrapper) -> str:
        """The first line; of a document that is a list only its bracket, since it may all be one line."""
        head = " "
        while head.isspace() and self.layout == "auto":
            character = text.read(1)
            if character in {"", "["}:
                return character
            head = character
        return head.strip() + self._line(text, 1)

    def _lines(self, text: io.TextIOWrapper, line: str) -> Iterator[tuple[Record, int]]:
        number = 1
        while line:
            at = skip_space(line, 0)
            if at < len(line):
                yield self._record(line, at, number), len(line)
            number += 1
            line = self._line(text, number)

    def _record(self, line: str, at: int, number: int) -> Record:
        try:
            record, end = record_at(line, at)
        except NotJson:
            raise Fault(FaultCode.BAD_DATA, f"{self.name}, line {number} is no JSON.") from None
        except NoRecord as refused:
            problem = refused.problem
            raise Fault(FaultCode.BAD_DATA, f"{self.name}, line {number} is no record: {problem}.") from None
        if skip_space(line, end) < len(line):
            raise Fault(FaultCode.BAD_DATA, f"{self.name}, line {number} holds more than one value.")
        return record

    def _line(self, text: io.TextIOWrapper, number: int) -> str:
        line = text.readline(MAX_RECORD_CHARACTERS)
        if len(line) >= MAX_RECORD_CHARACTERS and self.layout == "lines":
            raise Fault(
                FaultCode.BAD_DATA,
                f"{self.name}, line {number} is longer than {MAX_RECORD_CHARACTERS} characters.",
            )
        return line


def _text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Only a line feed ends a line: JSON's strings may hold Unicode's other separators."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(stream, codec, errors="strict", newline="\n")


def _is_record(line: str) -> bool:
    """Whether a first line is a whole object, so that the file has a record a line. An empty file has none."""
    at = skip_space(line, 0)
    if at >= len(line):
        return True
    try:
        _, end = json_values.value_at(line, at)
    except NotJson:
        return False
    return line[at] == "{" and skip_space(line, end) >= len(line)


def _grouped(records: Iterator[tuple[Record, int]]) -> Iterator[list[Record]]:
    group: list[Record] = []
    characters = 0
    for record, length in records:
        group.append(record)
        characters += length
        if characters >= BATCH_CHARACTERS or len(group) >= BATCH_RECORDS:
            yield group
            group, characters = [], 0
    if group:
        yield group
