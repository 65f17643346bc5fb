"""How a secret can be spelled, and where it is looked for."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def spellings(secret: str) -> set[bytes]:
    """The secret as it is, as Python and JSON quote it, in URLs, in hexadecimal and in base64 at each alignment."""
    raw = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        raw.hex(),
    }
    return {text.encode() for text in texts} | set(_base64(raw))


def found(places: Iterable[tuple[str, bytes]], secrets: Iterable[str]) -> list[str]:
    """The places that hold one of the secrets, however it is spelled."""
    needles = {needle for secret in secrets for needle in spellings(secret)}
    return [name for name, content in places if any(needle in content for needle in needles)]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table of a PostgreSQL database: as text, and its binary columns as they are."""
    place = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(place) as connection:
        listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in listed:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
            for row in rows:
                yield from ((table, _bytes(cell)) for cell in row)


def _bytes(cell: object) -> bytes:
    if isinstance(cell, bytes):
        return cell
    return (json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)).encode()


def _base64(raw: bytes) -> Iterator[bytes]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for pad in range(3):
            yield encode(b"\0" * pad + raw)[4:-4]
