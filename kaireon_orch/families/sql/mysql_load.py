"""One load into MySQL: DDL first, then a transaction from the first row to the commit, the ledger's entry in it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.load import IS_CURRENT, Committed, LoadMode, rejects_name
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import (
    cursors,
    mysql_bounds,
    mysql_catalog,
    mysql_errors,
    mysql_misfits,
    mysql_proof,
    mysql_query,
    mysql_rejects,
    mysql_tables,
    mysql_types,
    mysql_writing,
    tally,
)
from kaireon_orch.families.sql.mysql_ledger import MysqlLedger
from kaireon_orch.families.sql.mysql_merge import Merge
from kaireon_orch.families.sql.mysql_query import quote
from kaireon_orch.families.sql.mysql_tables import Making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from kaireon_orch.contract.load import (
        LedgerEntry,
        Misfit,
        Rejects,
        TableName,
        TableShape,
        Tally,
        WritePlan,
    )
    from kaireon_orch.contract.proof import Form, Sums, Witness
    from kaireon_orch.contract.source import Window
    from kaireon_orch.families.sql.mysql_catalog import MyColumn, MyTable
    from kaireon_orch.families.sql.mysql_session import Session

COUNTED_ROWS: Final = 2_000_000
"""Above so many rows the whole table is not counted after a load: InnoDB reads all of it for that."""

_ROOM: Final = 1024
"""Bytes of a packet that are left for what is around a statement."""


class MysqlLoad:
    """A load over `session`; `another` opens a second one, for what must not commit the first."""

    def __init__(
        self, session: Session, table: TableName, another: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._session = session
        self._table = table
        self._another = another
        self._ledger = MysqlLedger(session, str(table.schema))
        self._making = Making(session, table)
        self._known: MyTable | None = None
        self._columns: dict[str, MyColumn] = {}
        self._plan: WritePlan | None = None
        self._merge: Merge | None = None
        self._rejects: Rejects | None = None
        self._made_rejects = False
        self._before = 0
        self._witness: Witness | None = None
        self._earlier: Sums | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._ledger.find(load_id)

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._ledger.last(pipeline_id, str(self._table)) if self._ledger.exists() else None

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        found = mysql_catalog.table(self._session, str(self._table.schema), self._table.name)
        self._known = None if found is None else mysql_bounds.judged(self._session, found)
        return None if self._known is None else mysql_catalog.shape(self._known)

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """See `contract.target.Counting`."""
        limit = f"max_statement_time = {tally.SECONDS}"
        if not self._session.is_mariadb:
            limit = f"max_execution_time = {tally.SECONDS * 1000}"
        self._session.execute(f"SET SESSION {limit}")
        only = quote(IS_CURRENT) if current else None
        (row,) = self._session.execute(tally.statement(self._name, [quote(name) for name in key], only))
        return tally.of([int(value) for value in row])

    def misfits(self, batch: pa.RecordBatch) -> list[Misfit]:
        """See `contract.target.Quarantining`; asked before the plan is known, so of the batch's own types."""
        columns = {field.name: self._column(field) for field in batch.schema}
        return list(mysql_misfits.misfits(batch, columns))

    def forms(self, plan: WritePlan) -> dict[str, Form]:
        """See `contract.proof.Proving`."""
        columns = {each.name: self._column(each) for each in plan.schema}
        return mysql_proof.forms(plan, columns, mariadb=self._session.is_mariadb)

    def prove(self, witness: Witness) -> None:
        """See `contract.proof.Proving`."""
        self._witness = witness

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def prepare(self, plan: WritePlan) -> None:
        """Create or alter the table, begin the transaction, and delete what is replaced."""
        if plan.mode is LoadMode.BLUE_GREEN:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                "MySQL renames tables outside any transaction, so it holds no blue_green: take truncate.",
            )
        mysql_tables.demand_transactional(self._session, self._table)
        made = self._making.apply(plan, self._known)
        self._plan = plan
        self._columns = {field.name: self._column(field, made.get(field.name)) for field in plan.schema}
        if plan.merges or plan.versions:
            self._merge = Merge(self._session, self._table, plan, self._columns)
            self._merge.begin()
        self._session.execute("START TRANSACTION")
        self._delete_replaced(plan)
        if self._witness is not None and mysql_proof.is_added(plan):
            self._earlier = self._witness.sums(self._shown(plan))

    def write(self, batch: pa.RecordBatch) -> None:
        """See `contract.target.Load`."""
        if self._plan is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        mysql_misfits.demand_storable(batch, self._columns, self._before)
        into, tail = (self._name, b"") if self._merge is None else (self._merge.stage, self._merge.tail())
        with mysql_errors.faults(writing=True):
            for statement in mysql_writing.statements(batch, into, self._packet(), tail):
                self._session.connection.query(statement)
        self._before += batch.num_rows

    def commit(self, entry: LedgerEntry) -> Committed:
        """Merge what was staged, write the ledger, commit, and take the mark off new tables."""
        earlier = self._ledger.find(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        if self._plan is None:
            self._session.execute("START TRANSACTION")
        if self._merge is not None:
            with mysql_errors.faults(writing=True):
                entry = entry.of_rows(self._merge.settle())
        if self._witness is not None and self._plan is not None:
            self._witness.check(self._shown(self._plan), self._earlier)
        if self._rejects is not None:
            self._write_rejects(self._rejects)
        self._ledger.insert(replace(entry, table=str(self._table)))  # found again by it, however it was named
        rows = self._count()
        committed = self._ledger.find(entry.load_id) or entry
        self._session.execute("COMMIT")
        self._making.keep()
        self._unmark()
        return Committed(committed, rows)

    def abort(self) -> None:
        """Roll back, and undo DDL; a connection that is gone has rolled back, and the next load undoes the rest."""
        with contextlib.suppress(Fault):
            self._session.execute("ROLLBACK")
            self._making.undo()
            if self._made_rejects:
                mysql_tables.remove_unfilled(self._session, rejects_name(self._table))
                self._made_rejects = False

    def _shown(self, plan: WritePlan) -> Iterator[pa.RecordBatch]:
        """The load's rows as the table has them, or all rows where nothing tells which they are."""
        where = IS_CURRENT if plan.versions else "TRUE"
        if plan.window is not None:
            where = _within(plan.window, plan.schema)
        return mysql_proof.rows(self._session, f"{self._name} WHERE {where}", plan, self._columns)

    def _column(self, field: pa.Field, made: str | None = None) -> MyColumn:
        """The column that the field's values go to: the table's, or a new or wider one of the words `made`."""
        known = None if self._known is None else self._known.column(field.name)
        fits = known is not None and mysql_types.held(known.name, known.type).type == field.type
        if known is not None and made is None and fits:
            return known
        words = made or mysql_types.native(field)
        return mysql_bounds.of_field(field.name, words, mysql_bounds.last_second(self._session))

    def _delete_replaced(self, plan: WritePlan) -> None:
        if plan.create:
            return
        if plan.window is not None:
            self._session.execute(f"DELETE FROM {self._name} WHERE {_within(plan.window, plan.schema)}")  # noqa: S608  quoted
        elif plan.replace and self._merge is None:
            self._session.execute(f"DELETE FROM {self._name}")  # noqa: S608  quoted

    def _write_rejects(self, rejects: Rejects) -> None:
        table = rejects_name(self._table)
        with self._another() as other:
            self._made_rejects = mysql_rejects.make(other, table)
        mysql_rejects.write(self._session, table, rejects, self._packet())

    def _unmark(self) -> None:
        new = [self._table] if self._plan is not None and self._plan.create else []
        rejects = [rejects_name(self._table)] if self._made_rejects else []
        self._made_rejects = False
        for table in (*new, *rejects):
            with contextlib.suppress(Fault):  # the next load takes it off
                mysql_tables.unmark(self._session, table)

    def _packet(self) -> int:
        """The longest statement, in bytes."""
        (packet,), *_ = self._session.execute("SELECT @@max_allowed_packet")
        return int(packet) - _ROOM

    def _count(self) -> int | None:
        found = mysql_tables.about(self._session, self._table)
        if found is None or found[2] > COUNTED_ROWS:
            return None
        (rows,), *_ = self._session.execute(f"SELECT COUNT(*) FROM {self._name}")  # noqa: S608  quoted
        return int(rows)

    @property
    def _name(self) -> str:
        return mysql_tables.quoted(self._table)


def _within(window: Window, schema: pa.Schema) -> str:
    type_ = schema.field(window.column).type if window.column in schema.names else None
    column, fitting = quote(window.column), cursors.typed(window, schema)
    if fitting.keys is not None:
        return mysql_query.among(column, schema.field(window.column).type, fitting.keys)
    start, end = (mysql_query.constant(edge, type_) for edge in (fitting.start, fitting.end))
    return f"{column} >= {start} AND {column} < {end}"
