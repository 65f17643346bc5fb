"""Records on stdout: aligned columns for people, JSON for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GAP = "  "


def print_json(value: object) -> None:
    """One JSON value and nothing else."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_records(
    records: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool = False
) -> None:
    """A list of records: as JSON whole, else the named columns."""
    if as_json:
        print_json(list(records))
        return
    print_grid(
        [_heading(name) for name in columns],
        [[_cell(record[name]) for name in columns] for record in records],
    )


def print_grid(heading: Sequence[str], lines: Sequence[Sequence[str]], indent: str = "") -> None:
    """Cells in aligned columns under their heading."""
    widths = [max(map(len, column)) for column in zip(heading, *lines, strict=True)]
    for line in (heading, *lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo((indent + GAP.join(cells)).rstrip())


def _heading(name: str) -> str:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.replace("_", " ").upper()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ",".join(map(str, value))
    return " ".join(str(value).split())
