"""What a DuckDB file holds of loads: the ledger's entries, and the shape of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kaireon_orch.connectors.duckdb import types
from kaireon_orch.contract.load import (
    IS_CURRENT,
    LEDGER_TABLE,
    LedgerEntry,
    TableName,
    TableShape,
    TargetColumn,
)
from kaireon_orch.families.sql import ledger, tally
from kaireon_orch.families.sql.identifiers import quote
from kaireon_orch.families.sql.ledger import LedgerSql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from kaireon_orch.contract.load import Tally

DEFAULT_SCHEMA: Final = "main"
_UTC: Final = "strftime(committed_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one table; DuckDB's errors pass through."""

    connection: duckdb.DuckDBPyConnection
    table: TableName

    def entry(self, load_id: str) -> LedgerEntry | None:
        """A load's entry."""
        if not self._has(LEDGER_TABLE):
            return None
        return ledger.entry(self.connection.execute(self._sql.find(), (load_id,)).fetchone())

    def newest(self, pipeline_id: str) -> LedgerEntry | None:
        """The entry of the pipeline's last load into the table."""
        if not self._has(LEDGER_TABLE):
            return None
        parameters = (pipeline_id, str(self.table))
        return ledger.entry(self.connection.execute(self._sql.last(), parameters).fetchone())

    def add(self, entry: LedgerEntry) -> LedgerEntry:
        """Write the entry; it comes back with its moment."""
        self.connection.execute(self._sql.create())
        self.connection.execute(self._sql.insert(), ledger.values(entry))
        return self.entry(entry.load_id) or entry

    def shape(self) -> TableShape | None:
        """The table's columns; None where it does not exist."""
        rows = self.connection.execute(
            "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index",
            (self.schema, self.table.name),
        ).fetchall()
        return TableShape(tuple(_column(*row) for row in rows)) if rows else None

    def count(self) -> int:
        """The table's rows."""
        row = self.connection.execute(f"SELECT count(*) FROM {self.name}").fetchone()  # noqa: S608  quoted
        return 0 if row is None else int(row[0])

    def tally(self, key: Sequence[str], *, current: bool) -> Tally:
        """See `contract.target.Counting`."""
        only = quote(IS_CURRENT) if current else None
        found = self.connection.execute(tally.statement(self.name, [quote(name) for name in key], only))
        return tally.of(found.fetchone())

    @property
    def schema(self) -> str:
        return self.table.schema or DEFAULT_SCHEMA

    @property
    def name(self) -> str:
        """The table's name, quoted."""
        return quote(self.schema, self.table.name)

    @property
    def _sql(self) -> LedgerSql:
        return LedgerSql(self.schema, "?", _UTC)

    def _has(self, table: str) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
            (self.schema, table),
        ).fetchone()
        return found is not None


def _column(name: str, words: str, nullable: bool, default: str | None) -> TargetColumn:
    field = types.held(name, words).with_nullable(nullable)
    return TargetColumn(field, words, optional=nullable or default is not None)
