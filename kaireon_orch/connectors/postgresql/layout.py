"""How a plan's rows lie in the table and, where the server has to cast or to settle them, in a staging table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from psycopg import sql

from kaireon_orch.contract.load import IS_CURRENT
from kaireon_orch.families.sql import merge, pg_keys, pg_types
from kaireon_orch.families.sql.cursors import window_condition
from kaireon_orch.families.sql.identifiers import quote, quote_all
from kaireon_orch.families.sql.merge import Merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.contract.load import TableShape, WritePlan
    from kaireon_orch.families.sql.pg_catalog import Connection

STAGE: Final = "kaireon_stage"
STAGED: Final = f"pg_temp.{STAGE}"


OF_TRANSACTION: Final = "xmin::text = (txid_current() % 4294967296)::text"
"""Rows that this very transaction has written: PostgreSQL keeps of each row who did."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One load's table, by its quoted name, and the staging table; `shape` is the table's before, None for a new one."""

    table: str
    plan: WritePlan
    shape: TableShape | None

    @property
    def meets(self) -> bool:
        """Rows meet those that are there, by key."""
        return self.plan.merges or self.plan.versions

    @property
    def staged(self) -> bool:
        """Rows go through the staging table."""
        return self.meets or (self.plan.raw is None and any(map(self._is_cast, self.plan.schema)))

    @property
    def wire(self) -> pa.Schema:
        """What goes into the COPY; raw rows are numbered by the staging table itself."""
        numbered = self.meets and self.plan.raw is None
        return self.plan.schema.append(merge.ORDINAL_FIELD) if numbered else self.plan.schema

    @property
    def into(self) -> str:
        """Where the COPY goes, with its columns."""
        return f"{STAGED if self.staged else self.table} ({quote_all(self.wire.names)})"

    def changes(self, *, swapped: bool) -> Iterator[str]:
        """What makes the table ready; `swapped`: it is a new one, made like the old."""
        plan = self.plan
        if plan.create:
            yield f"CREATE TABLE {self.table} ({self._definition()})"
        for name in plan.add:
            yield f"ALTER TABLE {self.table} ADD COLUMN {self._definitions([plan.schema.field(name)])}"
        for name in plan.widen:
            words = self._made(plan.schema.field(name))
            yield f"ALTER TABLE {self.table} ALTER COLUMN {quote(name)} TYPE {words}"
        if plan.window is not None and not plan.create:
            held = window_condition(plan.window, plan.schema, self._among)
            yield f"DELETE FROM {self.table} WHERE {held}"  # noqa: S608  quoted
        elif plan.replace and not plan.create and not swapped:
            # Not TRUNCATE: it would lock readers out for the whole load, and one whose snapshot is older than
            # the commit would see an empty table, which is neither the state before nor the state after.
            yield f"DELETE FROM {self.table}"  # noqa: S608  quoted

    def of_load(self) -> str:
        """The table with the condition of the load's rows, in the load's transaction, once they are settled."""
        plan = self.plan
        if plan.versions:
            return f"{self.table} WHERE {IS_CURRENT}"
        if plan.window is not None:
            return f"{self.table} WHERE {window_condition(plan.window, plan.schema, self._among)}"
        only_keys = plan.merges and set(plan.schema.names) <= set(plan.key)  # such rows are not touched again
        whole = plan.create or plan.replace or only_keys
        return self.table if whole else f"{self.table} WHERE {OF_TRANSACTION}"

    def _among(self, column: str, texts: Sequence[str]) -> str:
        return pg_keys.among_of_table(column, texts, self.shape)

    def stage(self) -> str:
        """Make the staging table; it goes with the transaction."""
        columns = [f"{quote(field.name)} {self._on_wire(field)}" for field in self.wire]
        if self.plan.raw is not None:
            columns.append(f"{quote(merge.ORDINAL)} bigint GENERATED ALWAYS AS IDENTITY")
        return f"CREATE TEMPORARY TABLE {STAGE} ({', '.join(columns)}) ON COMMIT DROP"

    def unstage(self) -> str:
        """Cast what was staged into the table."""
        columns = quote_all(self.plan.schema.names)
        casts = ", ".join(self._cast(field) for field in self.plan.schema)
        rows = f"SELECT {casts} FROM {STAGED}"  # noqa: S608  quoted
        return f"INSERT INTO {self.table} ({columns}) OVERRIDING SYSTEM VALUE {rows}"

    def merge(self) -> Merge:
        """The statements that settle what was staged."""
        words = {field.name: self._words(field) for field in self.plan.schema}
        values = {name: f"{quote(name)}::{type_}" for name, type_ in words.items()}
        return Merge(merge.POSTGRESQL, self.table, STAGED, values, self.plan.key, self.plan.cursor, words)

    def _words(self, field: pa.Field) -> str:
        """The type of the table's column, once it is made ready."""
        column = None if self.shape is None else self.shape.column(field.name)
        return self._made(field) if column is None or field.name in self.plan.widen else column.native

    def _made(self, field: pa.Field) -> str:
        """The type of a column that the load makes."""
        raw = self.plan.raw
        return pg_types.native(field) if raw is None else raw[field.name]

    def _on_wire(self, field: pa.Field) -> str:
        return pg_types.wire(field) if self.plan.raw is None else self.plan.raw[field.name]

    def _is_cast(self, field: pa.Field) -> bool:
        """Whether the server has to cast: texts of its other types, and whole numbers that become an `oid`."""
        return pg_types.is_text_cast(field) or self._words(field) == "oid"

    def _definition(self) -> str:
        """What a new table is made of; rows that are found by a key get an index on it."""
        parts = [self._definitions(self.plan.schema)]
        if self.plan.versions:
            parts.append(merge.version_columns())
        if self.plan.merges:
            parts.append(f"PRIMARY KEY ({quote_all(self.plan.key)})")
        return ", ".join(parts)

    def _definitions(self, fields: Sequence[pa.Field]) -> str:
        return ", ".join(f"{quote(field.name)} {self._made(field)}" for field in fields)

    def _cast(self, field: pa.Field) -> str:
        """What a staged text becomes. Character types are left to assignment: an explicit cast would cut silently."""
        column = None if self.shape is None else self.shape.column(field.name)
        words = self._words(field)
        needed = self._is_cast(field) or (column is not None and pg_types.is_enumeration(column))
        return f"{quote(field.name)}::{words}" if needed else quote(field.name)


def known(connection: Connection, plan: WritePlan) -> WritePlan:
    """A type that came with its name from another server and is not here: its texts stay text."""
    fields = [_known_field(connection, field, plan) for field in plan.schema]
    return replace(plan, schema=pa.schema(fields))


def _known_field(connection: Connection, field: pa.Field, plan: WritePlan) -> pa.Field:
    made = plan.create or field.name in plan.add
    if not made or not pg_types.is_text_cast(field):
        return field
    row = connection.execute(
        sql.SQL("SELECT to_regtype(%s) IS NOT NULL"), (pg_types.native(field),)
    ).fetchone()
    return field if row is not None and row[0] else pa.field(field.name, pa.string())
