"""NULL in columns of a table of files that take none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    import pyarrow as pa


def null_misfits(batch: pa.RecordBatch, table: pa.Schema) -> list[Misfit]:
    """The rows that have NULL where `table` takes none."""
    return [
        Misfit(each.name, batch.column(each.name).is_null(), "is not allowed in the target's column")
        for each in table
        if not each.nullable and each.name in batch.schema.names and batch.column(each.name).null_count
    ]


def refuse_nulls(batch: pa.RecordBatch, before: int) -> None:
    """Raises `Fault` ROW_REFUSED for the first NULL in a column of the batch's schema that takes none."""
    for misfit in null_misfits(batch, batch.schema):
        at = pc.index(misfit.bad, value=True).as_py()
        raise Fault(
            FaultCode.ROW_REFUSED, f"Column {misfit.column!r}, row {before + at + 1}: NULL {misfit.reason}."
        )
