"""What a load is made of: its mode, the shape of a table, what is to be written, and what the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from kaireon_orch.contract.source import Window

LEDGER_TABLE = "_kaireon_loads"
"""The ledger's name in the target's schema; no pipeline may load into a table of that name."""

REJECTS_SUFFIX: Final = "__rejects"
REJECTS_SCHEMA: Final = pa.schema(
    [
        ("load_id", pa.string()),
        ("rejected_at", pa.timestamp("us", "UTC")),
        ("row_number", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("row", pa.string()),
    ]
)
"""Columns of `<table>__rejects`; `row` is JSON, `row_number` counts from 1 in the order of reading."""

STATE_MODE: Final = "state"
"""The mode of a ledger entry that moved a pipeline's state by hand and loaded nothing."""


VALID_FROM: Final = "valid_from"
VALID_TO: Final = "valid_to"
IS_CURRENT: Final = "is_current"
VERSION_COLUMNS: Final = (VALID_FROM, VALID_TO, IS_CURRENT)
"""What `scd2` adds: a version holds from the first moment (included) to the second (excluded, NULL while it is open)."""

NEXT_SUFFIX: Final = "__next"
"""What `blue_green` builds beside a table is called like it with this."""


class LoadMode(StrEnum):
    """How rows meet those that are there; `cdc_mirror` is reserved."""

    APPEND = "append"
    TRUNCATE = "truncate"
    BLUE_GREEN = "blue_green"
    UPSERT = "upsert"
    INCREMENTAL_WATERMARK = "incremental_watermark"
    SCD2 = "scd2"


class SchemaPolicy(StrEnum):
    """What happens where source and table differ: the table follows, nothing is loaded, new columns are left out."""

    EVOLVE = "evolve"
    FREEZE = "freeze"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class TableName:
    """A target's table; `schema` is the target's own default where it is None."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """A column of an existing table: the target's own type words, and the Arrow field whose values it holds exactly.

    `max_length` is in characters, where the type bounds it. A column that is not `writable` is computed by the target.
    `optional` columns may be left out of a load: nullable, or with a default.
    """

    field: pa.Field
    native: str
    optional: bool = True
    writable: bool = True
    max_length: int | None = None

    @property
    def name(self) -> str:
        return str(self.field.name)


@dataclass(frozen=True, slots=True)
class TableShape:
    """The columns of an existing table, in its order."""

    columns: tuple[TargetColumn, ...]

    def column(self, name: str) -> TargetColumn | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What one load does to its table. Batches have exactly `schema`, by name and type.

    `create`: the table is not there. `add` and `widen`: columns of `schema` that the table gets, or gets wider, first.
    `replace`: every row that was there is gone once the load is committed; of `window`, where one is given, alone.
    `mode` says how rows meet others of the same `key`, which no row lacks; of several rows of one key in a load the one
    with the greatest `cursor` holds, else the last. `scd2` opens versions at `at`, and closes those of keys that did
    not come unless `keep_vanished`. With `raw` the rows come as bytes, and its type words by column are what a column that
    is made or widened becomes.
    """

    schema: pa.Schema
    create: bool = False
    add: tuple[str, ...] = ()
    widen: tuple[str, ...] = ()
    replace: bool = False
    mode: LoadMode = LoadMode.APPEND
    key: tuple[str, ...] = ()
    cursor: str | None = None
    window: Window | None = None
    at: datetime | None = None
    keep_vanished: bool = False
    raw: Mapping[str, str] | None = None

    @property
    def merges(self) -> bool:
        """Rows change those of the same key."""
        return bool(self.key) and self.mode in {LoadMode.UPSERT, LoadMode.INCREMENTAL_WATERMARK}

    @property
    def versions(self) -> bool:
        """Rows become versions, beside the columns of `VERSION_COLUMNS`."""
        return self.mode is LoadMode.SCD2


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One committed load, as the target remembers it in the same transaction as the rows.

    `checkpoint` is JSON: watermark, offsets, files. `committed_at` is ISO 8601 in UTC, empty before the commit.
    """

    load_id: str
    pipeline_id: str
    table: str
    mode: str
    rows: int
    checkpoint: Any = None
    committed_at: str = ""
    figures: dict[str, int] = field(default_factory=dict)

    def of_rows(self, rows: int) -> LedgerEntry:
        """The entry with the rows that the load came to, in its figures too."""
        return replace(self, rows=rows, figures={**self.figures, "rowsLoaded": rows})


@dataclass(frozen=True, slots=True)
class Committed:
    """A durable load: its ledger entry, and the rows of the whole table where counting is cheap.

    `already`: another attempt of the same load had committed it; this one wrote nothing.
    """

    entry: LedgerEntry
    row_count: int | None
    already: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What a table holds: its rows; of a key, rows that lack a part of it, and rows beyond the first of each value."""

    rows: int
    nulls: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Misfit:
    """Values of a column that cannot be loaded: `bad` is True at them. `reason` goes on after the value."""

    column: str
    bad: pa.Array
    reason: str


class Rejects(Protocol):
    """Rows for `<table>__rejects`, of `REJECTS_SCHEMA`; `rows` of them, to be read as often as is wanted."""

    rows: int

    def batches(self) -> Iterator[pa.RecordBatch]: ...


def rejects_name(table: TableName) -> TableName:
    """Where rejected rows of a table go."""
    return TableName(table.schema, table.name + REJECTS_SUFFIX)
