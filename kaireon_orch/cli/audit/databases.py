"""Every row of every table of a database, column by column, read as a stream and changed in nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table, create_engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from kaireon_orch.cli.audit.search import Area
from kaireon_orch.cli.audit.unpacking import is_packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from kaireon_orch.cli.audit.search import Search

SQLITE = b"SQLite format 3\0"
ROWS_AHEAD = 200
BATCH_BYTES = 1 << 18
NAMES = (
    "id",
    "run_id",
    "key",
    "name",
    "snapshot_id",
)  # what tells a row apart, where a table has one of them


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def look_into_sqlite(search: Search, area: Area, path: Path, shown: str) -> None:
    """The tables of an SQLite file, its write-ahead log included; what cannot be read is one of the area's faults."""
    area.places["databases"] += 1
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = bytes
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                area.places["tables"] += 1
                _look_into_table(search, area, database, name.decode(), shown)
    except sqlite3.Error as error:
        area.faults.append(f"{shown}: {type(error).__name__}")


def _look_into_table(
    search: Search, area: Area, database: sqlite3.Connection, table: str, shown: str
) -> None:
    quoted = table.replace('"', '""')
    cursor = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  a name that the database itself gave
    columns = [each[0] for each in cursor.description]
    _look_into_rows(search, area, f"{shown} {table}", columns, cursor)


def look_into_server(search: Search, area: Area, url: Any) -> None:  # noqa: ANN401  a URL or its text
    """The tables of a database that SQLAlchemy reaches; what cannot be read is one of the area's faults."""
    engine = create_engine(url, poolclass=NullPool)
    area.places["databases"] += 1
    try:
        with engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                area.places["tables"] += 1
                _look_into_server_table(search, area, connection, name)
    except SQLAlchemyError as error:
        area.faults.append(f"the database: {type(error).__name__}")
    finally:
        engine.dispose()


def _look_into_server_table(search: Search, area: Area, connection: Connection, name: str) -> None:
    table = Table(name, MetaData(), autoload_with=connection)
    rows = connection.execution_options(yield_per=ROWS_AHEAD).execute(select(table))
    columns = list(rows.keys())
    _look_into_rows(search, area, name, columns, rows)


def _look_into_rows(
    search: Search, area: Area, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Many rows at once; one by one only where there is something."""
    for batch in _batches(rows):
        area.places["rows"] += len(batch)
        if search.holds(area, (_joined(batch),)):
            _tell_apart(search, area.name, table, columns, batch)
        for row in batch:
            _look_into_packed(search, area, table, columns, row)


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    held: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        held.append(row)
        size += sum(len(cell) for cell in row if isinstance(cell, bytes | str))
        if size > BATCH_BYTES or len(held) == ROWS_AHEAD:
            yield held
            held, size = [], 0
    if held:
        yield held


def _joined(rows: Iterable[Sequence[Any]]) -> bytes:
    return b"\0".join(_bytes(cell) for row in rows for cell in row)


def _tell_apart(
    search: Search, area: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    uncounted = Area(area)
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            search.look(uncounted, _where(table, columns, row, column), (_bytes(cell),))


def _look_into_packed(
    search: Search, area: Area, table: str, columns: Sequence[str], row: Sequence[Any]
) -> None:
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, bytes | memoryview) and is_packed(data := bytes(cell)):
            search.look(area, _where(table, columns, row, column), (data,))


def _where(table: str, columns: Sequence[str], row: Sequence[Any], column: str) -> str:
    told = next((f" {name}={_told(row[columns.index(name)])}" for name in NAMES if name in columns), "")
    return f"{table}{told} {column}"


def _told(cell: object) -> str:
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
    return text[:40]


def _bytes(cell: object) -> bytes:
    match cell:
        case None | bool() | float():
            return b""
        case bytes() | memoryview() | bytearray():
            return bytes(cell)
        case str():
            return cell.encode("utf-8", "surrogatepass")
        case dict() | list():
            return json.dumps(cell, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return str(cell).encode("utf-8", "surrogatepass")
