"""Rows that meet others of the same key: `upsert` and `scd2` as SQL, for databases that know DISTINCT ON and ON CONFLICT.

A load's rows wait in a staging table with the column `ORDINAL`, their order of reading. Of each key one row holds: with
the greatest cursor, else the last. What differs between databases is data: `Dialect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.contract.load import IS_CURRENT, VALID_FROM, VALID_TO
from kaireon_orch.families.sql.identifiers import literal, quote, quote_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

ORDINAL: Final = "kaireon ordinal"
"""The staging column that counts rows in the order in which they were read."""

ORDINAL_FIELD: Final = pa.field(ORDINAL, pa.int64())

LATEST: Final = "kaireon_latest"
"""The temporary table of the rows that hold, one a key."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`differ` makes the condition that pairs of expressions are not the same, NULL being like NULL.

    `overriding` stands before the rows of an INSERT into columns whose values the database would make itself;
    `of_load` ends the making of a temporary table that goes with the transaction.
    """

    differ: Callable[[Sequence[tuple[str, str]]], str]
    overriding: str = ""
    of_load: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """The statements of one load. `table` and `staged` are quoted; `values` are expressions over the staged columns.

    `words` are type words by column, where both sides of a comparison must be cast to one.
    """

    dialect: Dialect
    table: str
    staged: str
    values: Mapping[str, str]
    key: Sequence[str]
    cursor: str | None = None
    words: Mapping[str, str] | None = None

    def latest(self) -> str:
        """The rows that hold."""
        columns, key = quote_all(self.values), quote_all(self.key)
        made = ", ".join(f"{value} AS {quote(name)}" for name, value in self.values.items())
        order = [
            key,
            *([f"{quote(self.cursor)} DESC NULLS LAST"] if self.cursor else []),
            f"{quote(ORDINAL)} DESC",
        ]
        return (
            f"SELECT DISTINCT ON ({key}) {columns} FROM (SELECT {made}, {quote(ORDINAL)} FROM {self.staged}) AS read "  # noqa: S608  quoted
            f"ORDER BY {', '.join(order)}"
        )

    def keep_latest(self) -> str:
        """Make `LATEST`."""
        return f"CREATE TEMPORARY TABLE {LATEST}{self.dialect.of_load} AS {self.latest()}"

    def all_latest(self) -> str:
        """Every row of `LATEST`."""
        return f"SELECT {quote_all(self.values)} FROM {LATEST}"  # noqa: S608  quoted

    def put(self, rows: str) -> str:
        """INSERT … ON CONFLICT, for a table with a unique index on the key; `rows` is a SELECT of one row a key."""
        changed = self._others()
        sets = ", ".join(f"{quote(name)} = EXCLUDED.{quote(name)}" for name in changed)
        then = f"DO UPDATE SET {sets}" if changed else "DO NOTHING"
        return (
            f"INSERT INTO {self.table} ({quote_all(self.values)}){self.dialect.overriding} {rows} "
            f"ON CONFLICT ({quote_all(self.key)}) {then}"
        )

    def change(self) -> str | None:
        """UPDATE the rows whose key is in `LATEST`; None where rows are nothing but their key."""
        sets = ", ".join(f"{quote(name)} = given.{quote(name)}" for name in self._others())
        if not sets:
            return None
        return f"UPDATE {self.table} AS held SET {sets} FROM {LATEST} AS given WHERE {self._same_key()}"  # noqa: S608  quoted

    def add(self) -> str:
        """INSERT the rows of `LATEST` whose key is not there."""
        columns = quote_all(self.values)
        return (
            f"INSERT INTO {self.table} ({columns}){self.dialect.overriding} SELECT {columns} FROM {LATEST} AS given "  # noqa: S608  quoted
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.table} AS held WHERE {self._same_key()})"
        )

    def last_moment(self) -> str:
        """When the newest version began."""
        return f"SELECT max({VALID_FROM}) FROM {self.table}"  # noqa: S608  quoted

    def close_changed(self, at: datetime) -> str | None:
        """End the open versions that differ from `LATEST`; None where rows are nothing but their key."""
        pairs = [(self._typed("held", name), self._typed("given", name)) for name in self._others()]
        if not pairs:
            return None
        return (
            f"UPDATE {self.table} AS held SET {self._closed(at)} FROM {LATEST} AS given "  # noqa: S608  quoted
            f"WHERE held.{IS_CURRENT} AND {self._same_key()} AND {self.dialect.differ(pairs)}"
        )

    def close_vanished(self, at: datetime) -> str:
        """End the open versions whose key did not come."""
        return (
            f"UPDATE {self.table} AS held SET {self._closed(at)} WHERE held.{IS_CURRENT} "  # noqa: S608  quoted
            f"AND NOT EXISTS (SELECT 1 FROM {LATEST} AS given WHERE {self._same_key()})"
        )

    def open_versions(self, at: datetime) -> str:
        """Open a version for each row that has none open."""
        columns = quote_all(self.values)
        return (
            f"INSERT INTO {self.table} ({columns}, {VALID_FROM}, {VALID_TO}, {IS_CURRENT}){self.dialect.overriding} "  # noqa: S608  quoted
            f"SELECT {columns}, {_moment(at)}, NULL, TRUE FROM {LATEST} AS given WHERE NOT EXISTS "
            f"(SELECT 1 FROM {self.table} AS held WHERE held.{IS_CURRENT} AND {self._same_key()})"
        )

    def _closed(self, at: datetime) -> str:
        return f"{VALID_TO} = {_moment(at)}, {IS_CURRENT} = FALSE"

    def _others(self) -> list[str]:
        return [name for name in self.values if name not in self.key]

    def _same_key(self) -> str:
        return " AND ".join(f"held.{quote(name)} = given.{quote(name)}" for name in self.key)

    def _typed(self, side: str, name: str) -> str:
        column = f"{side}.{quote(name)}"
        return column if self.words is None else f"{column}::{self.words[name]}"


def numbered(batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
    """The batch with `ORDINAL`; `before` rows went before."""
    return batch.append_column(ORDINAL_FIELD, pa.arange(before, before + batch.num_rows))


def version_columns() -> str:
    """The definitions of the columns that versions have."""
    moment = "TIMESTAMP WITH TIME ZONE"
    return f"{VALID_FROM} {moment} NOT NULL, {VALID_TO} {moment}, {IS_CURRENT} BOOLEAN NOT NULL"


def _moment(at: datetime) -> str:
    return f"CAST({literal(at.isoformat())} AS TIMESTAMP WITH TIME ZONE)"


def distinct_by_column(pairs: Sequence[tuple[str, str]]) -> str:
    """Standard SQL: by each type's own equality."""
    return "(" + " OR ".join(f"{held} IS DISTINCT FROM {given}" for held, given in pairs) + ")"


def distinct_by_image(pairs: Sequence[tuple[str, str]]) -> str:
    """PostgreSQL's `*<>` compares what is stored: exact for every type, those without an equality of their own too."""
    held, given = (", ".join(side) for side in zip(*pairs, strict=True))
    return f"ROW({held})::record OPERATOR(pg_catalog.*<>) ROW({given})::record"


POSTGRESQL: Final = Dialect(distinct_by_image, " OVERRIDING SYSTEM VALUE", " ON COMMIT DROP")
DUCKDB: Final = Dialect(distinct_by_column)
