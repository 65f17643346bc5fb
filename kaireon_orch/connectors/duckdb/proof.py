"""A load's rows as the table has them, within the load's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.connectors.duckdb import exact, types
from kaireon_orch.contract.load import IS_CURRENT
from kaireon_orch.contract.proof import Form
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.cursors import window_condition
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.connectors.duckdb.kept import Kept
    from kaireon_orch.contract.load import WritePlan

BATCH_ROWS = 16_384


def forms(plan: WritePlan) -> dict[str, Form]:
    """Nested values come back as JSON, in another spelling."""
    return {each.name: Form.NULLS for each in plan.schema if pa.types.is_nested(each.type)}


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The rows of the load that `plan` is about; `last` is the greatest row id that was there before its rows."""

    kept: Kept
    plan: WritePlan
    last: int = -1

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows with the columns of the plan. DuckDB's errors pass through."""
        words = self._words()
        columns = [types.read_as(name, words[name]) for name in self.plan.schema.names]
        selected = ", ".join(column.expression for column in columns)
        select = f"SELECT {selected} FROM {self.kept.name} AS source WHERE {self._of_load()}"  # noqa: S608  quoted
        rows = self.kept.connection.sql(select)
        schema = pa.schema([column.field for column in columns])
        for batch in rows.to_arrow_reader(BATCH_ROWS):
            arrays = [arrow.cast(array, each.type) for array, each in zip(batch.columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _of_load(self) -> str:
        plan = self.plan
        if plan.versions:
            return IS_CURRENT
        if plan.window is not None:
            return window_condition(plan.window, plan.schema, self._among)
        return "TRUE" if plan.replace or plan.merges else f"source.rowid > {self.last}"

    def _among(self, column: str, texts: Sequence[str]) -> str:
        return exact.among(quote(column), types.native(self.plan.schema.field(column)), texts)

    def _words(self) -> dict[str, str]:
        shape = self.kept.shape()
        return {} if shape is None else {column.name: column.native for column in shape.columns}


def last_row(kept: Kept) -> int:
    """The greatest row id of the table; rows that are added have greater ones."""
    ((last,),) = kept.connection.execute(f"SELECT max(rowid) FROM {kept.name}").fetchall()  # noqa: S608  quoted
    return -1 if last is None else int(last)
