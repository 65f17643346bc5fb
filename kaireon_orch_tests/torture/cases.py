"""What a torture table is made of: columns of one type each, and what every value of them means.

A meaning is written by hand, in one form for each kind, whatever system holds the value:
`int`, `bool`, `text`, `bytes`, `uuid` (text), `float` (a Python float), `decimal` (a Decimal), `json` (its text),
`date` (`YYYY-MM-DD`, the year before 1 is 0000), `time` (`HH:MM:SS[.f]`), `timestamp` (`YYYY-MM-DDTHH:MM:SS[.f]`), `timestamptz` (the same in UTC with `Z`),
`list` (a Python list of such).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TARGETS = ("postgresql", "duckdb", "mariadb", "parquet", "delta_lake")
EVERY = frozenset(TARGETS)
ID = "id"
"""Each table's first column: the row's number from 0."""

SAME: Any = object()


@dataclass(frozen=True)
class Cell:
    """A value as the source is told it, what it means, and the targets that must refuse it (`EVERY`: the source does)."""

    given: Any
    means: Any = SAME
    not_in: frozenset[str] = frozenset()

    @property
    def meaning(self) -> Any:
        return self.given if self.means is SAME else self.means


@dataclass(frozen=True)
class Case:
    """A column: its name, the source's type, the kind of its meanings, and the targets that refuse it at the start."""

    name: str
    type: Any
    kind: str
    cells: tuple[Cell, ...]
    not_in: frozenset[str] = frozenset()
    item: str | None = None

    def taken(self, target: str) -> tuple[Cell, ...]:
        """The cells that arrive."""
        return tuple(cell for cell in self.cells if target not in cell.not_in)

    def refused(self, target: str) -> tuple[Cell, ...]:
        """The cells that an error names."""
        return tuple(cell for cell in self.cells if target in cell.not_in)


def case(name: str, type_: Any, kind: str, *cells: Any, not_in: frozenset[str] = frozenset()) -> Case:
    """A column; cells that are no `Cell` mean themselves. `list:int` is a list of such items."""
    made = tuple(each if isinstance(each, Cell) else Cell(each) for each in cells)
    outer, _, item = kind.partition(":")
    return Case(name, type_, outer, made, not_in, item or None)


def off(*targets: str) -> frozenset[str]:
    return frozenset(targets)
