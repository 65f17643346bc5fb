"""What a type's `target.py` gives: a module with `open_target(opening) -> Target`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from kaireon_orch.contract.load import (
        Committed,
        LedgerEntry,
        Misfit,
        Rejects,
        TableName,
        TableShape,
        Tally,
        WritePlan,
    )


class Load(Protocol):
    """One load into one table. Until `commit` returns, readers see the table as it was. Every method raises `Fault`."""

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """What an earlier attempt of this load committed, if one did."""
        ...

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """The pipeline's newest committed load into this table."""
        ...

    def describe(self) -> TableShape | None:
        """The table's columns; None where the table does not exist."""
        ...

    def prepare(self, plan: WritePlan) -> None:
        """Take the plan; called once, before the first batch. Raises SCHEMA_CHANGED, TARGET_REFUSED, TABLE_BUSY."""
        ...

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows of the plan's schema. Raises ROW_REFUSED for a value that the target does not take."""
        ...

    def commit(self, entry: LedgerEntry) -> Committed:
        """Make rows and ledger entry durable in one transaction, or neither; without `prepare`, the entry alone.

        Where `entry.load_id` turns out to be committed already, nothing is written and that entry comes back.
        """
        ...

    def abort(self) -> None:
        """Leave the target as it was; safe to call twice, and after `commit`, which it does not undo."""
        ...


@runtime_checkable
class Quarantining(Protocol):
    """A load that can keep rows which it does not take, in `<table>__rejects`."""

    def misfits(self, batch: pa.RecordBatch) -> Sequence[Misfit]:
        """The values of the plan's batch that the target would refuse or change. Touches nothing."""
        ...

    def quarantine(self, rejects: Rejects) -> None:
        """Take rejected rows; `commit` makes them durable in the transaction of the other rows."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A look that can count what is there."""

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """The rows, and how they keep `key`, one or more columns; of versions only `current` ones where asked.

        Raises `Fault` OBJECT_MISSING for a table or column that is not there, TIMED_OUT where counting takes long.
        """
        ...


class Look(Protocol):
    """A view of a table that takes no lock and makes nothing. Every method raises `Fault`."""

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `Load`."""
        ...

    def describe(self) -> TableShape | None:
        """See `Load`."""
        ...

    def abort(self) -> None:
        """Let go of it."""
        ...


@runtime_checkable
class Executing(Protocol):
    """A target that runs statements of a job author's own: SQL that writes."""

    def execute(self, script: str, cancelled: Callable[[], bool]) -> None:
        """Run the statements in one transaction, all or none; rows that they give are dropped.

        Raises `Fault` NOT_SUPPORTED for a statement that begins or ends a transaction or reaches beyond the system.
        """
        ...


class Target(Protocol):
    """The opened end of a connector that rows go to. Every method raises `Fault`."""

    folds_case: bool
    """Whether columns whose names differ in letter case alone are one."""

    def stored(self, field: pa.Field) -> pa.Field:
        """The field as a new column of this target keeps it exactly. Raises TYPE_LOSSY where none does."""
        ...

    def native(self, field: pa.Field) -> str:
        """The target's own type words for a field that `stored` gave."""
        ...

    def look(self, table: TableName) -> Look:
        """A view of the table as it is committed; no schema, ledger or file is made for it."""
        ...

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> Load:
        """Open a load. One at a time for each table: waits for another one, or raises TABLE_BUSY; CANCELED."""
        ...

    def clean_up(self, table: TableName) -> None:
        """Remove what earlier loads into `table` that died left behind: staging tables, files."""
        ...

    def close(self) -> None:
        """Release everything; safe to call twice."""
        ...
