"""What a load does to its table, inside of its one transaction: shape it, and let the spooled rows become its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.connectors.duckdb import exact, swap, types
from kaireon_orch.connectors.duckdb.merging import Settling
from kaireon_orch.connectors.duckdb.spool import RELATION, Spool
from kaireon_orch.contract.load import REJECTS_SCHEMA, LoadMode, rejects_name
from kaireon_orch.families.sql import merge, rejects
from kaireon_orch.families.sql.cursors import window_condition
from kaireon_orch.families.sql.identifiers import quote, quote_all
from kaireon_orch.families.sql.merge import Merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from kaireon_orch.connectors.duckdb.kept import Kept
    from kaireon_orch.contract.load import LedgerEntry, Rejects, WritePlan


@dataclass(frozen=True, slots=True)
class Filling:
    """One load of `spool` into the table that `kept` is about; DuckDB's errors pass through."""

    kept: Kept
    plan: WritePlan
    spool: Spool

    def fill(self, entry: LedgerEntry) -> LedgerEntry:
        """Let the rows become the table's; the entry with the rows that did."""
        if swaps(self.plan) and not self.plan.create:
            self._swap()
            return entry
        self._shape(self.plan)
        if meets(self.plan):
            return entry.of_rows(self._settle())
        self._insert()
        return entry

    def _swap(self) -> None:
        made = swap.Swap.of(self._connection, self.kept.schema, self.kept.table.name)
        made.rebuild(self._connection)
        self._shape(dataclasses.replace(self.plan, replace=False))
        self._insert()
        made.finish(self._connection)

    def _settle(self) -> int:
        plan, kept = self.plan, self.kept
        with self.spool.registered(self._connection):
            values = {name: quote(name) for name in plan.schema.names}
            merged = Merge(merge.DUCKDB, kept.name, RELATION, values, plan.key, plan.cursor)
            return Settling(self._connection, merged, plan, (kept.schema, kept.table.name)).settle()

    def _shape(self, plan: WritePlan) -> None:
        name = self.kept.name
        if plan.create:
            columns = ", ".join(f"{quote(field.name)} {types.native(field)}" for field in plan.schema)
            columns += f", {merge.version_columns()}" if plan.versions else ""
            self._connection.execute(f"CREATE TABLE {name} ({columns})")
        for column in plan.add:
            words = types.native(plan.schema.field(column))
            self._connection.execute(f"ALTER TABLE {name} ADD COLUMN {quote(column)} {words}")
        for column in plan.widen:
            words = types.native(plan.schema.field(column))
            self._connection.execute(f"ALTER TABLE {name} ALTER COLUMN {quote(column)} TYPE {words}")
        if plan.window is not None:
            held = window_condition(plan.window, plan.schema, self._among)
            self._connection.execute(f"DELETE FROM {name} WHERE {held}")  # noqa: S608  quoted
        elif plan.replace:
            self._connection.execute(f"DELETE FROM {name}")  # noqa: S608  quoted

    def _among(self, column: str, texts: Sequence[str]) -> str:
        return exact.among(quote(column), types.native(self.plan.schema.field(column)), texts)

    def _insert(self) -> None:
        names = quote_all(self.plan.schema.names)
        with self.spool.registered(self._connection):
            self._connection.execute(f"INSERT INTO {self.kept.name} ({names}) SELECT {names} FROM {RELATION}")  # noqa: S608  quoted

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return self.kept.connection


def add_rejects(kept: Kept, rejected: Rejects) -> None:
    """Put rejected rows beside the table."""
    name, names = quote(kept.schema, rejects_name(kept.table).name), rejects.columns()
    kept.connection.execute(rejects.create(name))
    reader = pa.RecordBatchReader.from_batches(REJECTS_SCHEMA, rejected.batches())
    kept.connection.register(RELATION, reader)
    kept.connection.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM {RELATION}")  # noqa: S608  quoted
    kept.connection.unregister(RELATION)


def meets(plan: WritePlan) -> bool:
    """Whether rows meet others of the same key."""
    return plan.merges or plan.versions


def swaps(plan: WritePlan) -> bool:
    """Whether the whole table is made anew in its place."""
    return plan.mode is LoadMode.BLUE_GREEN and plan.replace and plan.window is None
