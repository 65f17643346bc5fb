"""One load into a DuckDB file: describe, spool without any lock, and one short transaction at the end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, TypeVar

import duckdb

from kaireon_orch.connectors.duckdb import database, misfits, proof, swap
from kaireon_orch.connectors.duckdb.filling import Filling, add_rejects, meets, swaps
from kaireon_orch.connectors.duckdb.kept import Kept
from kaireon_orch.connectors.duckdb.spool import Spool
from kaireon_orch.contract.load import Committed, LoadMode
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.arrow import tag
from kaireon_orch.families.sql import merge
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from kaireon_orch.connectors.duckdb.file import DatabaseFile
    from kaireon_orch.contract.load import (
        LedgerEntry,
        Misfit,
        Rejects,
        TableName,
        TableShape,
        Tally,
        WritePlan,
    )
    from kaireon_orch.contract.proof import Form, Witness

T = TypeVar("T")

AFTER_ANOTHER: Final = frozenset({LoadMode.INCREMENTAL_WATERMARK, LoadMode.SCD2})
"""Modes whose rows were read for a table as the pipeline's last load left it."""


class DuckdbLoad:
    """A load as `contract.target` wants it."""

    def __init__(self, file: DatabaseFile, table: TableName, cancelled: Callable[[], bool]) -> None:
        self._file = file
        self._table = table
        self._cancelled = cancelled
        self._spool: Spool | None = None
        self._plan: WritePlan | None = None
        self._seen: TableShape | None = None
        self._rejects: Rejects | None = None
        self._last: tuple[str, str | None] | None = None
        self._written = 0
        self._witness: Witness | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._looked(lambda kept: kept.entry(load_id))

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        last = self._looked(lambda kept: kept.newest(pipeline_id))
        self._last = (pipeline_id, None if last is None else last.load_id)
        return last

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        self._seen = self._looked(Kept.shape)
        return self._seen

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """See `contract.target.Counting`."""
        found = self._looked(lambda kept: kept.tally(key, current=current))
        if found is None:
            raise Fault(FaultCode.OBJECT_MISSING, "The table does not exist.")
        return found

    def prepare(self, plan: WritePlan) -> None:
        """Open the spool beside the file."""
        self._plan = plan
        if swaps(plan):
            self._looked(lambda kept: swap.refuse(kept.connection, self._table.name))
        wire = plan.schema.append(merge.ORDINAL_FIELD) if meets(plan) else plan.schema
        self._spool = Spool(self._file.path.parent, wire)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the spool. Raises `Fault` ROW_REFUSED, TARGET_REFUSED when the disk is full."""
        if self._spool is None or self._plan is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        misfits.demand_kept(batch, self._seen, self._written)
        self._spool.write(merge.numbered(batch, self._written) if meets(self._plan) else batch)
        self._written += batch.num_rows

    def misfits(self, batch: pa.RecordBatch) -> list[Misfit]:
        """See `contract.target.Quarantining`."""
        return list(misfits.misfits(batch, self._seen))

    def forms(self, plan: WritePlan) -> dict[str, Form]:
        """See `contract.proof.Proving`."""
        return proof.forms(plan)

    def prove(self, witness: Witness) -> None:
        """See `contract.proof.Proving`."""
        self._witness = witness

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def commit(self, entry: LedgerEntry) -> Committed:
        """Take the lock, load the spool in one transaction, let go."""
        with self._file.locked(self._cancelled):
            self._file.ensure()
            try:
                return self._committed(entry, self._memory())
            except (duckdb.OutOfMemoryException, duckdb.TransactionException):
                pass  # nothing was committed, and the spool can be read again
            with database.faults():
                return self._committed(entry, database.LARGE_MEMORY)

    def abort(self) -> None:
        """Drop the spool."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()

    def _memory(self) -> str:
        return database.load_memory(0 if self._spool is None else self._spool.vector_bytes)

    def _committed(self, entry: LedgerEntry, memory: str) -> Committed:
        """One try. Raises what DuckDB raises about memory as it is, other things as faults."""
        with self._file.opened(read_only=False, memory=memory) as connection:
            try:
                return self._transaction(Kept(connection, self._table), entry)
            except (duckdb.OutOfMemoryException, duckdb.TransactionException):
                raise
            except duckdb.Error as error:
                raise database.fault(error) from None

    def _transaction(self, kept: Kept, entry: LedgerEntry) -> Committed:
        kept.connection.execute("BEGIN TRANSACTION")
        earlier = kept.entry(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        kept.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(kept.schema)}")
        self._demand_same_last(kept)
        if self._plan is not None and self._spool is not None:
            entry = self._filled(kept, self._expected(kept, self._plan), self._spool, entry)
        if self._rejects is not None:
            add_rejects(kept, self._rejects)
        committed = kept.add(entry)
        rows = None if self._plan is None else kept.count()
        kept.connection.execute("COMMIT")
        return Committed(committed, rows)

    def _filled(self, kept: Kept, plan: WritePlan, spool: Spool, entry: LedgerEntry) -> LedgerEntry:
        """The rows in the table, proved where that is asked for; the entry with how many they are."""
        if self._witness is None:
            return Filling(kept, plan, spool).fill(entry)
        last = -1 if plan.create else proof.last_row(kept)
        filled = Filling(kept, plan, spool).fill(entry)
        self._witness.check(proof.ReadBack(kept, plan, last).batches())
        return filled

    def _expected(self, kept: Kept, plan: WritePlan) -> WritePlan:
        """The plan; where another load made or changed the table meanwhile, what is left to do of it."""
        shape = kept.shape()
        if shape == self._seen:
            return plan
        if shape is None or not _holds(shape, plan.schema):
            raise Fault(FaultCode.TABLE_BUSY, "The table was changed while the rows were read; try again.")
        return dataclasses.replace(plan, create=False, add=(), widen=())

    def _demand_same_last(self, kept: Kept) -> None:
        """What was read after the pipeline's last load is loaded after that load, and no other."""
        if self._last is None or (self._plan is not None and self._plan.mode not in AFTER_ANOTHER):
            return
        pipeline_id, seen = self._last
        last = kept.newest(pipeline_id)
        if (None if last is None else last.load_id) != seen:
            raise Fault(
                FaultCode.TABLE_BUSY, "Another run of this pipeline loaded rows meanwhile; try again."
            )

    def _looked(self, look: Callable[[Kept], T | None]) -> T | None:
        """What `look` sees in the committed file, under the lock so that no writer is in its way."""
        if not self._file.exists():
            return None
        with (
            self._file.locked(self._cancelled),
            self._file.opened(read_only=True) as connection,
            database.faults(),
        ):
            return look(Kept(connection, self._table))


def _holds(shape: TableShape, schema: pa.Schema) -> bool:
    """Whether the table has a column of the very type for each field."""
    found = {column.name: column.field for column in shape.columns}
    return all(
        field.name in found and found[field.name].type == field.type and tag(found[field.name]) == tag(field)
        for field in schema
    )
