"""What Python says must be in a target after each load of a source that changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

Row = tuple[Any, ...]

MODES: dict[str, dict[str, Any]] = {
    "append": {},
    "truncate": {},
    "blue_green": {},
    "upsert": {"primaryKey": ["id"]},
    "incremental_watermark": {"cursorField": "seen"},
    "incremental_watermark by key": {"cursorField": "seen", "primaryKey": ["id"]},
    "scd2": {"primaryKey": ["id"]},
}
IDS = 400
CHANGES = 200
WIDTH = 500
"""Characters that make a load larger than what waits in a connection's buffers."""


@dataclass
class Model:
    """The rows of the source by id, those that the target holds (versions with `is_current`), and the watermark."""

    name: str
    chance: random.Random
    source: dict[int, Row] = field(default_factory=dict)
    held: list[Row] = field(default_factory=list)
    mark: int | None = None
    newest: int = 0

    @property
    def more(self) -> tuple[str, ...]:
        """The target's columns beside the source's."""
        return ("is_current",) if self.name == "scd2" else ()

    def change(self) -> None:
        """Rows come, change and go; `seen` only grows. Enough of them are new for several batches."""
        for _ in range(self.chance.randrange(CHANGES, 2 * CHANGES)):
            self.newest += self.chance.randrange(2)
            row_id = self.chance.randrange(IDS)
            if self.chance.random() < 0.1:
                self.source.pop(row_id, None)
            else:
                self.source[row_id] = (
                    row_id,
                    self.newest,
                    f"{self.chance.randrange(1000)} {'note' * (WIDTH // 4)}",
                )
        self.newest += 1
        self.source[-1] = (-1, self.newest, "always there, and new")

    def expected(self) -> list[Row]:
        """The target's rows after a load of the source as it is."""
        rows = sorted(self.source.values(), key=lambda row: (row[1], row[0]))
        match self.name:
            case "append":
                return self.held + rows
            case "truncate" | "blue_green":
                return rows
            case "upsert":
                return merged(self.held, rows)
            case "incremental_watermark":
                return self.held + [row for row in rows if self.mark is None or row[1] > self.mark]
            case "incremental_watermark by key":
                return merged(self.held, [row for row in rows if self.mark is None or row[1] >= self.mark])
        return versions(self.held, self.source)

    def loaded(self) -> None:
        """The target has the source as it is. Rows may have gone from the source, and the mark stays."""
        self.held = self.expected()
        self.mark = max(row[1] for row in self.source.values())

    def forget(self) -> None:
        """The target is another one, and empty."""
        self.held, self.mark = [], None


def merged(held: list[Row], rows: list[Row]) -> list[Row]:
    found = {row[0]: row for row in held} | {row[0]: row for row in rows}
    return list(found.values())


def versions(held: list[Row], source: dict[int, Row]) -> list[Row]:
    """Each held version goes on, or is closed; rows that are not open afterwards are opened."""
    kept = [row if row[3] and source.get(row[0]) == row[:3] else (*row[:3], False) for row in held]
    current = {row[0] for row in kept if row[3]}
    return kept + [(*row, True) for row in source.values() if row[0] not in current]
