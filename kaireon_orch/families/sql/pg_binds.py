"""Values in a query that PostgreSQL's COPY is to run, which takes no parameters: as constants, quoted by libpq.

libpq quotes for the live connection, by its encoding; the session reads texts by the standard, so that a query's text
means what it does to us.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from psycopg import sql

from kaireon_orch.families.sql import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.binds import Binds, Scalar, Value
    from kaireon_orch.families.sql.pg_catalog import Connection

STANDARD_TEXTS: Final = "SET LOCAL standard_conforming_strings = on"

_WORDS: Final[Mapping[type, str]] = {
    bool: "boolean",
    float: "double precision",
    Decimal: "numeric",
    bytes: "bytea",
    dt.date: "date",
    dt.time: "time",
    UUID: "uuid",
}
_MAX_BIGINT: Final = 2**63 - 1


def bound(connection: Connection, query: str, binds: Binds) -> str:
    """The query with its values. Raises what `placeholders.filled` raises, and TYPE_LOSSY for a text with a NUL."""

    def write(at: int, value: Value) -> str:
        if isinstance(value, str | list) and _holds_nul(value):
            raise placeholders.refused(binds, at, "holds a NUL, which PostgreSQL's texts cannot")
        return f"({_array(connection, value) if isinstance(value, list) else _constant(connection, value)})"

    return placeholders.filled(query, binds, write)


def _holds_nul(value: str | list[Scalar]) -> bool:
    return any(
        isinstance(item, str) and "\x00" in item for item in (value if isinstance(value, list) else [value])
    )


def _constant(connection: Connection, value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = sql.Literal(_text(value)).as_string(connection)
    return text if isinstance(value, str) else f"CAST({text} AS {_words(value)})"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _words(value: Value) -> str:
    if isinstance(value, dt.datetime):
        return "timestamp" if value.tzinfo is None else "timestamptz"
    return _WORDS[type(value)]


def _array(connection: Connection, items: list[Scalar]) -> str:
    """Without a value to tell its type an array takes that of what it stands beside."""
    kinds = {_item_words(item) for item in items if item is not None}
    if not items or not kinds:
        return "'{" + ",".join("NULL" for _ in items) + "}'"
    words = "numeric" if "numeric" in kinds else kinds.pop()
    return f"ARRAY[{', '.join(_constant(connection, item) for item in items)}]::{words}[]"


def _item_words(item: Scalar) -> str:
    if isinstance(item, int) and not isinstance(item, bool):
        return "bigint" if abs(item) <= _MAX_BIGINT else "numeric"
    return "text" if isinstance(item, str) else _words(item)
