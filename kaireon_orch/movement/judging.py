"""Rows on their way from the source's batches to the table's: all of them, or those that fit and the rest aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pyarrow.compute as pc

from kaireon_orch.movement import misfits, types

if TYPE_CHECKING:
    import pyarrow as pa

    from kaireon_orch.contract.load import Misfit
    from kaireon_orch.contract.target import Quarantining
    from kaireon_orch.movement.columns import ColumnPlan
    from kaireon_orch.movement.rejects import RejectSpool


class Judge(Protocol):
    """Makes the table's rows of the source's. `before`: rows that were read before the batch."""

    def passed(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch: ...


@dataclass(frozen=True, slots=True)
class Strict:
    """`onRowError: fail`: raises `Fault` ROW_REFUSED naming column, row and value of the first misfit."""

    shaped: ColumnPlan
    schema: pa.Schema

    def passed(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """Every row, or none."""
        return types.fit(self.shaped.apply(batch, before), self.schema, before, self.shaped.loose)


@dataclass(frozen=True, slots=True)
class Sorting:
    """`onRowError: quarantine`: rows that cannot be loaded go into the spool."""

    shaped: ColumnPlan
    schema: pa.Schema
    load: Quarantining
    spool: RejectSpool

    def passed(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The rows that the table takes."""
        made, found = self.shaped.judged(batch)
        fitted, unfit = types.fitted(made, self.schema, self.shaped.loose)
        refused = self.load.misfits(fitted)
        every = [*found, *(self._at_source(each) for each in (*unfit, *refused))]
        if not every:
            return fitted
        self.spool.add(self.shaped.shown(batch), every, before)
        return fitted.filter(pc.invert(misfits.bad_rows(every)))

    def _at_source(self, misfit: Misfit) -> Misfit:
        return replace(misfit, column=self.shaped.source_of(misfit.column))
