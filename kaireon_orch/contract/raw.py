"""Rows as bytes in a form of the source's own, for a target that takes the same form: Arrow would but unpack and pack them.

A form is named by a text that both ends compare; an end whose bytes mean something else (another major version) names
another form. Type words are those of the form's own system; a column that has none there is never passed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


class RawFit(StrEnum):
    """What becomes of a table's column that is to take a raw one: it stays, it is made wider first, or it cannot."""

    KEEP = "keep"
    WIDEN = "widen"
    REFUSE = "refuse"


class RawRows(Protocol):
    """What a source offers beside its batches: the same rows of the same snapshot. One of the two is taken.

    `types` are type words by column, for the columns that can be passed; `required` are those that hold no NULL.
    `rows` is how many were read, known after the last chunk.
    """

    form: str
    types: Mapping[str, str]
    required: Collection[str]
    rows: int

    def chunks(self, columns: Sequence[str]) -> Iterator[memoryview]:
        """The rows of these columns, in this order, as one stream cut anywhere; no chunk where there are no rows.

        Raises `Fault`.
        """
        ...


@runtime_checkable
class RawTaking(Protocol):
    """A load, or a look, of a target that takes a form; `prepare` was given a plan with `raw`."""

    def takes_form(self, form: str) -> bool:
        """Whether bytes of this form mean the same here."""
        ...

    def raw_fit(self, words: str, native: str) -> RawFit:
        """Whether values of the raw type are themselves in a column of the type `native`."""
        ...

    def write_raw(self, chunk: memoryview) -> None:
        """Take the next part of the stream. Raises ROW_REFUSED."""
        ...

    def end_raw(self) -> int:
        """The stream is complete; the rows that it came to. Raises ROW_REFUSED, for a NULL in a key too."""
        ...
