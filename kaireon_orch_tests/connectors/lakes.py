"""Folders of tables that a lake's types load into, as another program sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends

KINDS = ("parquet", "delta_lake")


@dataclass
class Lake:
    """A folder of tables of one kind."""

    folder: Path
    kind: str

    @property
    def field(self) -> str:
        return "path" if self.kind == "parquet" else "uri"

    @property
    def target(self) -> dict[str, Any]:
        return connector(self.kind, {self.field: str(self.folder)})

    def source(self, table: str = "t") -> dict[str, Any]:
        path = f"{self.folder}/{table}"
        return connector(self.kind, {self.field: f"{path}/*.parquet" if self.kind == "parquet" else path})

    def read(self, table: str = "t") -> pa.Table:
        """The table as another program reads it."""
        path = self.folder / table
        if self.kind == "delta_lake":
            return DeltaTable(str(path)).to_pyarrow_table()
        parts = [pq.ParquetFile(part).read() for part in sorted(path.glob("*.parquet"))]
        return pa.concat_tables(parts, promote_options="default")

    def foreign(self, table: str = "t") -> list[dict[str, Any]]:
        """Its rows, in the order of their text."""
        rows: list[dict[str, Any]] = self.read(table).to_pylist()
        return sorted(rows, key=str)

    def names(self) -> set[str]:
        """Everything in the folder, the table's own files and log apart."""
        found = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        return {name for name in found if "_delta_log/" not in name and not name.endswith(".parquet")}

    def clean(self, *tables: str) -> set[str]:
        """What `names` gives where nothing but tables is left."""
        own = "_manifest.json" if self.kind == "parquet" else "_delta_log"
        return {name for table in tables or ("t",) for name in (table, f"{table}/{own}")}

    def parts(self, table: str = "t") -> int:
        return len(list((self.folder / table).glob("*.parquet")))

    def version(self, table: str = "t") -> int:
        """Commits of a Delta table so far, less one."""
        return DeltaTable(str(self.folder / table)).version()


def lake_of(ends: Ends, kind: str) -> Lake:
    return Lake(ends.folder / "lake", kind)
