"""What the built-in warehouse holds, read past everything of ours: plain SQL on the file or the server."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb
import psycopg

from kaireon_orch.cli.demo.client import DemoFailed
from kaireon_orch.cli.demo.reading import Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Query = Callable[[str], list[tuple[Any, ...]]]

LOCK_PATIENCE_SECONDS = 60.0
SCHEMA = "public"

_KINDS = {
    "timestamp": ("timestamp",),
    "integer": ("bigint", "integer", "smallint", "tinyint"),
    "decimal": ("decimal", "numeric"),
    "float": ("double", "real"),
    "text": ("varchar", "text", "character varying"),
}


@contextmanager
def opened(url: str) -> Iterator[Query]:
    """A read-only connection for some queries; waits while a load holds the file."""
    if url.startswith("duckdb:"):
        connection: Any = _open_file(urlsplit(url).path[1:])
    else:
        connection = psycopg.connect(url.replace("+psycopg", "", 1))
    try:
        yield lambda query: connection.execute(query).fetchall()
    finally:
        connection.close()


def columns(query: Query, table: str) -> dict[str, str]:
    """Column → kind, as `plan.Table.kinds` says them; empty where the table does not exist."""
    found = query(
        "SELECT column_name, lower(data_type) FROM information_schema.columns "  # noqa: S608  names of the plan
        f"WHERE table_schema = '{SCHEMA}' AND table_name = '{table}' ORDER BY ordinal_position"
    )
    return {name: _kind(data_type) for name, data_type in found}


def figures_of(query: Query, table: str, names: Sequence[str], sums: Sequence[str]) -> Figures:
    """The same figures as the independent reading has, by SQL."""
    parts = [f'count(*) - count("{name}")' for name in names] + [f'sum("{name}")' for name in sums]
    row = query(f'SELECT count(*), {", ".join(parts)} FROM {SCHEMA}."{table}"')[0]  # noqa: S608  names of the plan
    nulls, totals = row[1 : 1 + len(names)], row[1 + len(names) :]
    return Figures(
        row[0], dict(zip(names, nulls, strict=True)), dict(zip(sums, map(int, totals), strict=True))
    )


def sample(query: Query, table: str, names: Sequence[str], rows: int) -> list[list[str]]:
    """Some rows as text."""
    chosen = ", ".join(f'"{name}"' for name in names)
    found = query(f'SELECT {chosen} FROM {SCHEMA}."{table}" LIMIT {rows}')  # noqa: S608  names of the plan
    return [["NULL" if value is None else str(value) for value in row] for row in found]


def _open_file(path: str) -> duckdb.DuckDBPyConnection:
    give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(path, read_only=True)
        except duckdb.IOException:
            if time.monotonic() > give_up:
                raise DemoFailed(f"The warehouse {path} is held by another process.") from None
            time.sleep(0.2)


def _kind(data_type: str) -> str:
    found = (kind for kind, beginnings in _KINDS.items() if data_type.startswith(beginnings))
    return next(found, data_type)
