"""Looks for a planted secret in everything that Dagster keeps."""

from __future__ import annotations

import base64
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def spellings(secret: str) -> list[bytes]:
    """The secret as it is, in a URL, and in base64 at each of the three alignments."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"\0" * pad + raw)[4:-4] for pad in range(3)]
    return [raw, quote(secret, safe="").encode(), *shifted]


def traces(home: Path, secret: str) -> list[str]:
    """Files below `home`, and tables of its databases, that hold the secret, compressed or not."""
    needles = spellings(secret)
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    in_files = [str(path) for path in files if _holds(path.read_bytes(), needles)]
    databases = [path for path in files if path.suffix == ".db"]
    in_tables = [
        f"{path}:{table}" for path in databases for table, cell in _cells(path) if _holds(cell, needles)
    ]
    return in_files + in_tables


def _cells(path: Path) -> Iterator[tuple[str, object]]:
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from ((table, cell) for cell in row)


def _holds(cell: object, needles: list[bytes]) -> bool:
    data = cell.encode() if isinstance(cell, str) else cell
    if not isinstance(data, bytes):
        return False
    return any(needle in text for needle in needles for text in (data, _inflated(data)))


def _inflated(data: bytes) -> bytes:
    """Snapshots are stored compressed."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""
