"""What `verify` needs of a target: that it shows a load's rows as it holds them, before they are committed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from kaireon_orch.contract.load import WritePlan


class Form(StrEnum):
    """How a column is compared, where the target writes its values in a form of its own.

    As they are; texts without the spaces at their end; texts as the numbers that they stand for; or no more than which
    of them are NULL.
    """

    VALUE = "value"
    UNPADDED = "unpadded"
    NUMBER = "number"
    NULLS = "nulls"


@dataclass(frozen=True, slots=True)
class Sums:
    """What rows come to, in whatever order: how many, by column the NULLs and a checksum, and one over whole rows.

    Checksums are sums of 64-bit hashes, so that parts can be added and taken away.
    """

    rows: int = 0
    nulls: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    whole: int = 0


class Witness(Protocol):
    """Knows what went into a load, and judges what the target shows of it."""

    def sums(self, rows: Iterable[pa.RecordBatch]) -> Sums:
        """What these rows come to, for rows that were there before and are not told from the load's."""
        ...

    def check(self, rows: Iterable[pa.RecordBatch], before: Sums | None = None) -> None:
        """Compare the load's rows with what the target holds, less what was there `before`.

        `rows` have the columns of the plan's schema, in any order. Of rows that meet others by key those of other keys
        do not matter. Raises `Fault` UNEXPECTED where they differ.
        """
        ...


@runtime_checkable
class Proving(Protocol):
    """A load that can show its rows before its commit."""

    def forms(self, plan: WritePlan) -> Mapping[str, Form]:
        """How columns are compared that are not by value."""
        ...

    def prove(self, witness: Witness) -> None:
        """Called before `prepare`: have `witness` check the rows in `commit`, which raises what it raises."""
        ...
