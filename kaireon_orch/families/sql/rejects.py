"""The SQL of `<table>__rejects`, the same words for every database that knows `JSON` and `TEXT`."""

from __future__ import annotations

from typing import Final

from kaireon_orch.contract.load import REJECTS_SCHEMA
from kaireon_orch.families.sql.identifiers import quote, quote_all

_WORDS: Final = {
    "load_id": "TEXT NOT NULL",
    "rejected_at": "TIMESTAMP WITH TIME ZONE NOT NULL",
    "row_number": "BIGINT NOT NULL",
    "column_name": "TEXT NOT NULL",
    "value": "TEXT",
    "reason": "TEXT NOT NULL",
    "row": "JSON NOT NULL",
}
"""JSON, not jsonb: it keeps a NUL character in its escaped form."""


def create(table: str) -> str:
    """`table` is quoted."""
    columns = ", ".join(f"{quote(name)} {_WORDS[name]}" for name in REJECTS_SCHEMA.names)
    return f"CREATE TABLE IF NOT EXISTS {table} ({columns})"


def columns() -> str:
    """The columns, quoted, in the order of `REJECTS_SCHEMA`."""
    return quote_all(REJECTS_SCHEMA.names)
