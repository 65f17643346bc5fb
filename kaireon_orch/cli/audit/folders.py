"""Every file below a folder, byte by byte; SQLite databases row by row too, with what their free pages still hold."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from kaireon_orch.cli.audit.databases import is_sqlite, look_into_sqlite
from kaireon_orch.cli.audit.unpacking import PIECE, inflated, is_packed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kaireon_orch.cli.audit.search import Area, Search


def look_below(search: Search, area: Area, folder: Path, but: Collection[Path] = ()) -> None:
    """Search all regular files below `folder`, except what is in `but` or below it; links are not followed."""
    if not folder.is_dir():
        area.notes.append(f"there is no {folder}")
        return
    for path in _files(folder, but):
        look_into(search, area, path, str(path.relative_to(folder)))


def look_into(search: Search, area: Area, path: Path, shown: str) -> None:
    """Search one file, and its name; one that vanishes meanwhile is left out."""
    try:
        search.look(area, shown, (shown.encode("utf-8", "surrogateescape"),))
        search.look(area, shown, _pieces(path), "files")
        if is_packed(_head(path)):
            search.look(area, shown, inflated(_pieces(path)))
        if is_sqlite(path):
            look_into_sqlite(search, area, path, shown)
    except FileNotFoundError:
        return
    except OSError as error:
        area.faults.append(f"{shown}: {error.strerror}")


def _files(folder: Path, but: Collection[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path in but or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path, but)
        elif stat.S_ISREG(path.lstat().st_mode):
            yield path


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)
