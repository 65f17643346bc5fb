"""What a load is made of: its mode, the shape of a table, what is to be written, and what the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER_TABLE = "_kaireon_loads"
"""The ledger's name in the target's schema; no pipeline may load into a table of that name."""


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
    `replace`: every row that was there is gone once the load is committed.
    """

    schema: pa.Schema
    create: bool = False
    add: tuple[str, ...] = ()
    widen: tuple[str, ...] = ()
    replace: bool = False


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


@dataclass(frozen=True, slots=True)
class Committed:
    """A durable load: its ledger entry, and the rows of the whole table where counting is cheap.

    `already`: another attempt of the same load had committed it; this one wrote nothing.
    """

    entry: LedgerEntry
    row_count: int | None
    already: bool = False
