"""`blue_green` in DuckDB: the table is made anew from its own definition, in the load's transaction.

Indexes and comments come after the rows. Views are kept by name, so they go on; a foreign key that points at the table
is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    import duckdb

_POINTING: Final = """
    SELECT schema_name || '.' || table_name FROM duckdb_constraints()
    WHERE database_name = current_database() AND constraint_type = 'FOREIGN KEY' AND referenced_table = ?
    ORDER BY 1
"""
_OWN: Final = "database_name = current_database() AND schema_name = ? AND table_name = ?"


def refuse(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Raises `Fault` TARGET_REFUSED naming the foreign keys that point at the table."""
    found = [name for (name,) in connection.execute(_POINTING, (table,)).fetchall()]
    if found:
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"blue_green would not keep the foreign keys that point at {table}: {', '.join(found)}. Take truncate, or "
            "remove them.",
        )


@dataclass(frozen=True, slots=True)
class Swap:
    """What a table is made of, as DuckDB itself writes it."""

    name: tuple[str, str]
    definition: str
    indexes: tuple[str, ...]
    comments: tuple[str, ...]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> Swap:
        """The table's making. Raises `Fault` TARGET_REFUSED."""
        refuse(connection, table)
        name = (schema, table)
        found = connection.execute(f"SELECT sql, comment FROM duckdb_tables() WHERE {_OWN}", name)  # noqa: S608  fixed
        definition, comment = found.fetchone() or ("", None)
        asked = f"SELECT sql FROM duckdb_indexes() WHERE {_OWN} AND sql IS NOT NULL"  # noqa: S608  fixed
        indexes = connection.execute(asked, name)
        made = tuple(row[0] for row in indexes.fetchall())
        return cls(name, definition, made, tuple(_comments(connection, name, comment)))

    def rebuild(self, connection: duckdb.DuckDBPyConnection) -> None:
        """An empty table in its place."""
        connection.execute(f"DROP TABLE {quote(*self.name)}")
        connection.execute(self.definition)

    def finish(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Indexes and comments, once the rows are there."""
        for statement in (*self.indexes, *self.comments):
            connection.execute(statement)


def _comments(connection: duckdb.DuckDBPyConnection, name: tuple[str, str], comment: str | None) -> list[str]:
    table = quote(*name)
    of_table = [] if comment is None else [f"COMMENT ON TABLE {table} IS {literal(comment)}"]
    columns: list[tuple[Any, ...]] = connection.execute(
        f"SELECT column_name, comment FROM duckdb_columns() WHERE {_OWN} AND comment IS NOT NULL",  # noqa: S608  fixed
        name,
    ).fetchall()
    of_indexes = connection.execute(
        f"SELECT index_name, comment FROM duckdb_indexes() WHERE {_OWN} AND comment IS NOT NULL",  # noqa: S608  fixed
        name,
    ).fetchall()
    return [
        *of_table,
        *(f"COMMENT ON COLUMN {table}.{quote(column)} IS {literal(words)}" for column, words in columns),
        *(f"COMMENT ON INDEX {quote(name[0], index)} IS {literal(words)}" for index, words in of_indexes),
    ]
