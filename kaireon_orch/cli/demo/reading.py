"""An independent reading of the same files, by Python's csv module."""

from __future__ import annotations

import csv
import io
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from kaireon_orch.cli.demo.material import NULL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """What a table holds: rows, NULLs by column, sums of some whole-number columns."""

    rows: int
    nulls: dict[str, int]
    sums: dict[str, int]


def figures_of(path: Path, sums: Sequence[str], row_limit: int | None = None) -> Figures:
    """Read the file's first `row_limit` rows, or all of it."""
    with _opened(path) as file:
        reader = csv.reader(file)
        header = next(reader)
        nulls, totals, rows = [0] * len(header), dict.fromkeys(sums, 0), 0
        summed = [(header.index(name), name) for name in sums]
        for row in islice(reader, row_limit):
            rows += 1
            if NULL in row:
                nulls = [count + (value == NULL) for count, value in zip(nulls, row, strict=True)]
            for place, name in summed:
                totals[name] += 0 if row[place] == NULL else int(row[place])
    return Figures(rows, dict(zip(header, nulls, strict=True)), totals)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The text of a CSV file, or of the one inside a zip."""
    if path.suffix != ".zip":
        with path.open(newline="", encoding="utf-8") as plain:
            yield plain
        return
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as member:
        yield io.TextIOWrapper(member, encoding="utf-8", newline="")
