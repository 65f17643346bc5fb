"""One load into PostgreSQL: a transaction from its beginning to its commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from kaireon_orch.connectors.postgresql import layout, turns
from kaireon_orch.connectors.postgresql.layout import STAGED, Layout
from kaireon_orch.connectors.postgresql.merging import Settling, demand_keys
from kaireon_orch.connectors.postgresql.turns import Made
from kaireon_orch.contract.load import (
    IS_CURRENT,
    LEDGER_TABLE,
    REJECTS_SCHEMA,
    Committed,
    LedgerEntry,
    LoadMode,
    Misfit,
    Rejects,
    TableName,
    TableShape,
    WritePlan,
    rejects_name,
)
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import (
    ledger,
    merge,
    pg_catalog,
    pg_misfits,
    pg_proof,
    pg_raw,
    pg_session,
    pg_types,
    rejects,
    tally,
)
from kaireon_orch.families.sql.identifiers import quote
from kaireon_orch.families.sql.pg_copy import CopyWriter
from kaireon_orch.families.sql.pg_misfits import Bounds
from kaireon_orch.families.sql.pg_stream import CopyStream
from kaireon_orch.families.sql.pg_swap import Swap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from kaireon_orch.contract.load import Tally
    from kaireon_orch.contract.proof import Form, Witness
    from kaireon_orch.contract.raw import RawFit
    from kaireon_orch.families.sql.ledger import LedgerSql
    from kaireon_orch.families.sql.pg_catalog import Connection

COUNTED_ROWS: Final = 5_000_000
"""Above so many rows the whole table is not counted after a load: that would take longer than many loads."""


class PostgresqlLoad:
    """One load, or a look. `statements` are of the ledger in the table's schema, `made` goes unless it commits."""

    def __init__(
        self, connection: Connection, table: TableName, statements: LedgerSql, made: Made | None = None
    ) -> None:
        self._connection = connection
        self._made = made or Made()
        self._table = table
        self._ledger = statements
        self._copy: CopyWriter | CopyStream | None = None
        self._layout: Layout | None = None
        self._shape: TableShape | None = None
        self._within = Bounds()
        self._rejects: Rejects | None = None
        self._swap: Swap | None = None
        self._written = 0
        self._witness: Witness | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._entry(self._ledger.find(), (load_id,))

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        with pg_session.faults():
            if pg_catalog.relation(self._connection, self._ledger.schema, LEDGER_TABLE) is None:
                return None
        return self._entry(self._ledger.last(), (pipeline_id, str(self._table)))

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        with pg_session.faults():
            oid = pg_catalog.relation(self._connection, self._ledger.schema, self._table.name)
            self._shape = None if oid is None else pg_catalog.shape(self._connection, oid)
            self._within = Bounds() if self._shape is None else self._bounds(self._shape)
            return self._shape

    def _bounds(self, shape: TableShape) -> Bounds:
        """Asked for once: while a COPY is open, the connection answers nothing else."""
        enums = [column for column in shape.columns if pg_types.is_enumeration(column)]
        labels = {column.name: pg_catalog.labels(self._connection, column.native) for column in enums}
        return pg_misfits.bounds(shape, labels)

    def takes_form(self, form: str) -> bool:
        """See `contract.raw.RawTaking`. A trigger may leave rows out: nothing would then prove that all have come."""
        with pg_session.faults():
            name = quote(self._ledger.schema, self._table.name)
            return form == pg_raw.form(self._connection) and not pg_catalog.has_triggers(
                self._connection, name
            )

    def raw_fit(self, words: str, native: str) -> RawFit:
        """See `contract.raw.RawTaking`."""
        return pg_raw.fit(words, native)

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """See `contract.target.Counting`."""
        only = quote(IS_CURRENT) if current else None
        with pg_session.faults():
            self._execute(f"SET statement_timeout = '{tally.SECONDS}s'")
            asked = tally.statement(self._name, [quote(name) for name in key], only)
            return tally.of(self._connection.execute(sql.SQL(asked)).fetchone())

    def prepare(self, plan: WritePlan) -> None:
        """Create or alter the table, empty it where rows are replaced, and open the COPY."""
        with pg_session.faults():
            self._begin_swap(plan)
            made = self._layout = Layout(self._name, self._known(plan), self._shape)
            for statement in made.changes(swapped=self._swap is not None):
                self._execute(statement)
            if made.staged:
                self._execute(made.stage())
            if plan.raw is None:
                self._copy = CopyWriter(self._connection, made.into, made.wire, self._within)

    def misfits(self, batch: pa.RecordBatch) -> list[Misfit]:
        """See `contract.target.Quarantining`."""
        return list(pg_misfits.misfits(batch, self._within))

    def forms(self, plan: WritePlan) -> dict[str, Form]:
        """See `contract.proof.Proving`."""
        return pg_proof.forms(plan, self._shape)

    def prove(self, witness: Witness) -> None:
        """See `contract.proof.Proving`."""
        self._witness = witness

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def write(self, batch: pa.RecordBatch) -> None:
        """See `contract.target.Load`."""
        made = self._prepared()
        if not isinstance(self._copy, CopyWriter):
            raise _unprepared()
        with pg_session.faults():
            self._copy.write(merge.numbered(batch, self._written) if made.meets else batch)
            self._written += batch.num_rows

    def write_raw(self, chunk: memoryview) -> None:
        """See `contract.raw.RawTaking`."""
        made = self._prepared()
        with pg_session.faults():
            if self._copy is None:
                self._copy = CopyStream(self._connection, made.into)
            if isinstance(self._copy, CopyStream):
                self._copy.write(chunk)

    def end_raw(self) -> int:
        """See `contract.raw.RawTaking`."""
        made, copy = self._prepared(), self._copy
        if not isinstance(copy, CopyStream):
            raise _unprepared()
        with pg_session.faults():
            rows, self._copy = copy.finish(), None
            if made.meets:
                demand_keys(self._connection, STAGED, made.plan)
        return rows

    def commit(self, entry: LedgerEntry) -> Committed:
        """End the COPY, settle what was staged, write the ledger, commit."""
        with pg_session.faults():
            if self._copy is not None:
                self._copy.finish()
            if self._layout is not None:
                entry = self._settled(self._layout, entry)
                self._check(self._layout)
            if self._rejects is not None:
                self._write_rejects(self._rejects)
            self._connection.execute(sql.SQL(self._ledger.insert()), ledger.values(entry))
            rows = self._count(entry)
            committed = self.ledger_entry(entry.load_id) or entry
            self._connection.commit()
            self._made = Made()
        return Committed(committed, rows)

    def abort(self) -> None:
        """Roll back; a connection that is gone has rolled back by itself."""
        if self._copy is not None:
            self._copy.drop()
        if not self._connection.closed:
            try:
                self._connection.rollback()
                if self._made.ledger:
                    turns.take_back(self._connection, self._ledger, self._made)
            except psycopg.OperationalError:
                self._connection.close()
            self._made = Made()

    def _settled(self, made: Layout, entry: LedgerEntry) -> LedgerEntry:
        """Let the copied rows become the table's; the entry with the rows that did."""
        if made.meets:
            at = made.plan.at or datetime.now(UTC)
            entry = entry.of_rows(Settling(self._connection, made.merge(), made.plan, at).settle())
        elif made.staged:
            self._execute(made.unstage())
        if self._swap is not None:
            self._swap.finish()
            self._swap = None
        return entry

    def _check(self, made: Layout) -> None:
        """Show the load's rows to the witness."""
        if self._witness is not None:
            back = pg_proof.ReadBack(made.plan.schema, pg_proof.forms(made.plan, self._shape))
            rows = replace(made, table=self._name).of_load()
            self._witness.check(back.batches(self._connection, rows))

    def _begin_swap(self, plan: WritePlan) -> None:
        """A whole table that is replaced beside the old one is made first, or refused."""
        if plan.mode is not LoadMode.BLUE_GREEN or plan.create or plan.window is not None:
            return
        oid = pg_catalog.relation(self._connection, self._ledger.schema, self._table.name)
        swap = Swap(self._connection, self._ledger.schema, self._table.name, oid or 0)
        swap.build()
        self._swap = swap

    def _write_rejects(self, rejected: Rejects) -> None:
        table = rejects_name(self._table)
        name = quote(self._ledger.schema, table.name)
        self._execute(rejects.create(name))
        copy = CopyWriter(self._connection, f"{name} ({rejects.columns()})", REJECTS_SCHEMA, Bounds())
        for batch in rejected.batches():
            copy.write(batch)
        copy.finish()

    def _entry(self, statement: str, parameters: tuple[str, ...]) -> LedgerEntry | None:
        with pg_session.faults():
            return ledger.entry(self._connection.execute(sql.SQL(statement), parameters).fetchone())

    def _known(self, plan: WritePlan) -> WritePlan:
        return plan if plan.raw is not None else layout.known(self._connection, plan)

    def _count(self, entry: LedgerEntry) -> int | None:
        if self._layout is not None and self._layout.plan.create:
            return entry.rows
        row = self._connection.execute(
            "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", (self._name,)
        ).fetchone()
        if row is None or row[0] > COUNTED_ROWS:
            return None  # no such table, or too large a one
        counted = self._connection.execute(sql.SQL(f"SELECT count(*) FROM {self._name}")).fetchone()  # noqa: S608  quoted
        return None if counted is None else int(counted[0])

    def _execute(self, statement: str) -> None:
        """Names in a statement are quoted by `identifiers.quote`; values never are in it."""
        self._connection.execute(sql.SQL(statement))

    def _prepared(self) -> Layout:
        if self._layout is None:
            raise _unprepared()
        return self._layout

    @property
    def _name(self) -> str:
        return quote(self._ledger.schema, self._table.name) if self._swap is None else self._swap.next


def _unprepared() -> Fault:
    return Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
