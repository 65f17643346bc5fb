"""Load into a Delta table in a folder: files are written first, then one commit of the log names them and the load."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.connectors.delta_lake import commit, held, log, rejects, types
from kaireon_orch.connectors.delta_lake.commit import APP, Change
from kaireon_orch.connectors.delta_lake.intent import Intent
from kaireon_orch.connectors.delta_lake.sweeping import sweep
from kaireon_orch.contract.load import (
    Committed,
    LedgerEntry,
    TableName,
    TableShape,
    Tally,
    TargetColumn,
    WritePlan,
)
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import settling
from kaireon_orch.families.files.exchange import sync_folder
from kaireon_orch.families.files.folder_lock import FolderLock, lock_beside
from kaireon_orch.families.files.key_count import tallied
from kaireon_orch.families.files.nulls import null_misfits, refuse_nulls
from kaireon_orch.families.files.parts import PartWriter
from kaireon_orch.families.files.settling import Settled, Settling
from kaireon_orch.families.files.table_folder import table_folder
from kaireon_orch.families.files.typed_set import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deltalake import DeltaTable

    from kaireon_orch.connectors.delta_lake.rejects import RejectedRows
    from kaireon_orch.connectors.delta_lake.spec import DeltaLakeConfig
    from kaireon_orch.contract.load import Misfit, Rejects
    from kaireon_orch.contract.proof import Form, Witness
    from kaireon_orch.contract.source import Opening


def open_target(opening: Opening[DeltaLakeConfig]) -> DeltaTarget:
    """The folder as a target; it is judged, and nothing is made yet. Raises `Fault` FILE_NOT_ALLOWED, NOT_SUPPORTED."""
    uri = opening.config.uri
    if uri is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a URI: a folder below an allowed one.")
    return DeltaTarget(log.local_folder(opening.door, uri), opening.folder)


class DeltaTarget:
    """A folder that is a Delta table, or whose subfolders are. `spill` is a private folder for what memory does not hold."""

    folds_case = True

    def __init__(self, folder: Path, spill: str) -> None:
        self._folder = folder
        self._spill = spill

    def stored(self, field: pa.Field) -> pa.Field:
        """See `types.stored`."""
        return types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `types.native`."""
        return types.native(field)

    def look(self, table: TableName) -> DeltaLoad:
        """A view of the newest version; takes no lock."""
        return DeltaLoad(self._place(table), table, None, self._spill)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> DeltaLoad:
        """A load, which holds the table's lock until its end."""
        place = self._place(table)
        lock = lock_beside(place)
        lock.acquire(cancelled)
        sweep(place)
        return DeltaLoad(place, table, lock, self._spill, cancelled)

    def clean_up(self, table: TableName) -> None:
        """Settle what a load that died has left; those of one that is at work stay."""
        place = self._place(table)
        if not place.parent.is_dir():
            return
        lock = lock_beside(place)
        if lock.try_acquire():
            try:
                sweep(place)
            finally:
                lock.release()

    def close(self) -> None:
        """Nothing stays open between steps."""

    def _place(self, table: TableName) -> Path:
        """The folder itself where it is a table or is called like it, else the one of that name in it."""
        if log.is_table(self._folder) or self._folder.name == table.name:
            return self._folder
        return table_folder(self._folder, table)


class DeltaLoad:
    """One load: its files lie in the table's folder, unknown to readers until the commit names them."""

    def __init__(
        self,
        place: Path,
        table: TableName,
        lock: FolderLock | None,
        spill: str,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._place = place
        self._table_name = table
        self._lock = lock
        self._spill = spill
        self._cancelled = cancelled
        self._intent = Intent(f"part-{uuid.uuid4().hex}", made_folder=not place.exists())
        self._seen: DeltaTable | None = None
        self._writer: PartWriter | None = None
        self._plan: WritePlan | None = None
        self._at: datetime | None = None
        self._written = 0
        self._rejects: Rejects | None = None
        self._rejected: RejectedRows | None = None
        self._witness: Witness | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`; the log's transaction identifiers decide, the commit tells the figures."""
        table = self._table()
        version = None if table is None else log.transaction(table, APP + load_id)
        if version is None:
            return None
        return commit.entry_of(self._place, version) or LedgerEntry(load_id, "", str(self._table_name), "", 0)

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`. Raises `Fault` BAD_DATA where the log has lost the commit that tells."""
        table = self._table()
        version = None if table is None else log.transaction(table, self._of_pipeline(pipeline_id))
        if version is None:
            return None
        entry = commit.entry_of(self._place, version)
        if entry is None:
            raise Fault(
                FaultCode.BAD_DATA,
                f"The Delta log has lost its commit {version}, which told how far the pipeline had come: set its state.",
            )
        return entry

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`. Raises `Fault` NOT_SUPPORTED for a table whose rules a load would break."""
        table = self._table()
        if table is None:
            return None
        log.demand_writable(table)
        return TableShape(
            tuple(
                TargetColumn(each, types.native(each), optional=each.nullable)
                for each in log.schema_of(table)
            )
        )

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """See `contract.target.Counting`."""
        table = self._table()
        if table is None:
            raise Fault(FaultCode.OBJECT_MISSING, "The table does not exist.")
        rows = held.rows(table)
        if not key and rows is not None:
            return Tally(rows)
        files = [held.held(self._place, each) for each in held.files(table)]
        schema = log.schema_of(table)
        if not key:
            return Tally(tallied(files, schema, schema.names[:1], self._spill, current=False).rows)
        return tallied(files, schema, key, self._spill, current=current)

    def prepare(self, plan: WritePlan) -> None:
        """Note what is coming. Raises `Fault` NOT_SUPPORTED, TARGET_REFUSED."""
        self._plan, self._seen = plan, self._table()
        schema = self._whole(plan)
        if plan.versions:
            self._at = settling.beginning(schema, self._held(), plan.at)
        rejects.make_folder(self._place)
        self._intent.note(self._place)
        self._writer = PartWriter(self._place, self._intent.prefix, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the part. Raises `Fault` ROW_REFUSED for NULL where there may be none, TARGET_REFUSED."""
        writer = self._opened()
        rows = batch if self._at is None else settling.opened_versions(batch, self._at)
        rows = aligned(rows, writer.schema)
        refuse_nulls(rows, self._written)
        writer.write(rows)
        self._written += batch.num_rows

    def misfits(self, batch: pa.RecordBatch) -> Sequence[Misfit]:
        """See `contract.target.Quarantining`: NULL where the table takes none."""
        table = self._seen or self._table()
        return [] if table is None else null_misfits(batch, log.schema_of(table))

    def forms(self, plan: WritePlan) -> dict[str, Form]:  # noqa: ARG002  files keep every value as it is
        """See `contract.proof.Proving`."""
        return {}

    def prove(self, witness: Witness) -> None:
        """See `contract.proof.Proving`."""
        self._witness = witness

    def quarantine(self, rejected: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejected

    def commit(self, entry: LedgerEntry) -> Committed:
        """One commit of the log: files that come and go, columns, the load's identifier, and its entry."""
        earlier = self.ledger_entry(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        if self._plan is None:
            self._demand_table()
        settled = self._settled()
        done = replace(entry, committed_at=datetime.now(UTC).isoformat(timespec="microseconds"))
        done = done if settled.rows is None else done.of_rows(settled.rows)
        if self._rejects is not None:
            self._rejected = rejects.of_table(self._place, self._cancelled)
            self._rejected.stage(self._rejects, done)
        self._intent = replace(self._intent, load_id=entry.load_id)
        self._intent.note(self._place)
        sync_folder(self._place)
        version = commit.committed(self._place, self._seen, self._change(settled, done))
        if self._rejected is not None:
            self._rejected.commit()
        table = log.opened(self._place)
        log.checkpoint(table, version)
        return Committed(done, held.rows(table))

    def abort(self) -> None:
        """Remove what was not committed, and let the next load in."""
        if self._lock is None:
            return
        if self._writer is not None:
            self._writer.abort()
        if self._rejected is not None:
            self._rejected.release()
        if self._place.is_dir():
            sweep(self._place)
        self._lock.release()

    def _demand_table(self) -> None:
        self._seen = self._table()
        if self._seen is None:
            raise Fault(
                FaultCode.OBJECT_MISSING, "There is no Delta table yet that could keep a pipeline's state."
            )

    def _settled(self) -> Settled:
        """What the table is made of after the load, its files all written."""
        files = self._held()
        if self._plan is None:
            return Settled(tuple(range(len(files))), ())
        writer = self._opened()
        came = tuple(writer.finish())
        anew = PartWriter(self._place, f"{self._intent.prefix}-anew", writer.schema)
        try:
            return Settling(
                self._plan, writer.schema, files, came, anew, self._spill, self._at, self._witness
            ).settled()
        finally:
            anew.abort()

    def _change(self, settled: Settled, entry: LedgerEntry) -> Change:
        named = held.files(self._seen) if self._seen is not None else []
        removed = [each for at, each in enumerate(named) if at not in set(settled.kept)]
        return Change(
            None if self._plan is None else self._opened().schema,
            settled.parts,
            removed,
            replaces=self._plan is not None and self._plan.replace and self._plan.window is None,
            named=(APP + entry.load_id, self._of_pipeline(entry.pipeline_id)),
            entry=entry,
        )

    def _held(self) -> list[settling.HeldFile]:
        named = held.files(self._seen) if self._seen is not None else []
        return [held.held(self._place, each) for each in named]

    def _of_pipeline(self, pipeline_id: str) -> str:
        """The identifier whose version is the newest commit of the pipeline into this table."""
        return f"{APP}{pipeline_id}:{self._table_name}"

    def _whole(self, plan: WritePlan) -> pa.Schema:
        """All of the table's columns in its order, those of the load as it has them."""
        wanted = settling.with_versions(plan.schema) if plan.versions else plan.schema
        if self._seen is None:
            return wanted
        known = log.schema_of(self._seen)
        fields = [
            wanted.field(each.name).with_nullable(each.nullable) if each.name in wanted.names else each
            for each in known
        ]
        return pa.schema([*fields, *(each for each in wanted if each.name not in known.names)])

    def _table(self) -> DeltaTable | None:
        return log.opened(self._place) if log.is_table(self._place) else None

    def _opened(self) -> PartWriter:
        if self._writer is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._writer
