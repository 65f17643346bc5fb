"""Load into a folder of Parquet files: a new state of the folder is built beside it, then takes its place in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.connectors.parquet import types
from kaireon_orch.connectors.parquet.rejects import with_rejects
from kaireon_orch.connectors.parquet.state import NextState, manifest_of, sweep
from kaireon_orch.contract.load import (
    Committed,
    LedgerEntry,
    TableName,
    TableShape,
    Tally,
    TargetColumn,
    WritePlan,
    rejects_name,
)
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import settling
from kaireon_orch.families.files.folder_lock import FolderLock, lock_beside
from kaireon_orch.families.files.key_count import tallied
from kaireon_orch.families.files.manifest import Manifest
from kaireon_orch.families.files.parts import PartWriter, part_prefix
from kaireon_orch.families.files.settling import Settled, Settling, held_part
from kaireon_orch.families.files.table_folder import folder_of, table_folder
from kaireon_orch.families.files.typed_set import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kaireon_orch.connectors.parquet.spec import ParquetConfig
    from kaireon_orch.contract.load import Misfit, Rejects
    from kaireon_orch.contract.proof import Form, Witness
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.files.parts import Part

_NO_COLUMNS: Final = pa.schema([])


def open_target(opening: Opening[ParquetConfig]) -> ParquetTarget:
    """The folder as a target; it is judged, and nothing is made yet. Raises `Fault` FILE_NOT_ALLOWED, MISSING_FIELDS."""
    path = opening.config.path
    if path is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a path: a folder below an allowed one.")
    return ParquetTarget(folder_of(opening.door, path), opening.folder)


class ParquetTarget:
    """A folder whose subfolders are tables. `spill` is a private folder for what memory does not hold."""

    folds_case = False

    def __init__(self, folder: Path, spill: str) -> None:
        self._folder = folder
        self._spill = spill

    def stored(self, field: pa.Field) -> pa.Field:
        """See `types.stored`."""
        return types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `types.native`."""
        return types.native(field)

    def look(self, table: TableName) -> ParquetLoad:
        """A view of the committed files; takes no lock."""
        return ParquetLoad(table_folder(self._folder, table), table, None, self._spill)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> ParquetLoad:
        """A load, which holds the table's lock until its end."""
        place = table_folder(self._folder, table)
        lock = lock_beside(place)
        lock.acquire(cancelled)
        sweep(place)
        return ParquetLoad(place, table, lock, self._spill, cancelled)

    def clean_up(self, table: TableName) -> None:
        """Settle what a load that died has left beside the table; that of one that is at work stays."""
        place = table_folder(self._folder, table)
        if not self._folder.is_dir():
            return
        lock = lock_beside(place)
        if lock.try_acquire():
            try:
                sweep(place)
            finally:
                lock.release()

    def close(self) -> None:
        """Nothing stays open between steps."""


class ParquetLoad:
    """One load; what it writes lies in a hidden folder beside the table until `commit`."""

    def __init__(
        self,
        place: Path,
        table: TableName,
        lock: FolderLock | None,
        spill: str,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._place = place
        self._table = table
        self._lock = lock
        self._spill = spill
        self._cancelled = cancelled
        self._next = NextState(place)
        self._writer: PartWriter | None = None
        self._plan: WritePlan | None = None
        self._before = 0
        self._at: datetime | None = None
        self._rejects: Rejects | None = None
        self._witness: Witness | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        manifest = manifest_of(self._place)
        return None if manifest is None else manifest.entry(load_id)

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        manifest = manifest_of(self._place)
        return None if manifest is None else manifest.last(pipeline_id, str(self._table))

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        manifest = manifest_of(self._place)
        if manifest is None or not manifest.schema.names:
            return None
        return TableShape(tuple(TargetColumn(field, types.native(field)) for field in manifest.schema))

    def tally(self, key: Sequence[str], *, current: bool = False) -> Tally:
        """See `contract.target.Counting`."""
        manifest = manifest_of(self._place)
        if manifest is None:
            raise Fault(FaultCode.OBJECT_MISSING, "The table does not exist.")
        if not key:
            return Tally(manifest.rows)
        return tallied(self._held(manifest), manifest.schema, key, self._spill, current=current)

    def prepare(self, plan: WritePlan) -> None:
        """Make the hidden folder. Raises `Fault` NOT_SUPPORTED, TARGET_REFUSED."""
        self._plan = plan
        manifest = manifest_of(self._place)
        schema = _merged(manifest, plan)
        if plan.versions:
            self._at = settling.beginning(schema, self._held(manifest), plan.at)
        folder = self._next.make()
        self._writer = PartWriter(folder, part_prefix(), schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the part, with all of the table's columns. Raises `Fault` ROW_REFUSED, TARGET_REFUSED when the disk is full."""
        writer = self._opened()
        types.demand_kept(batch, self._before)
        self._before += batch.num_rows
        rows = batch if self._at is None else settling.opened_versions(batch, self._at)
        writer.write(aligned(rows, writer.schema))

    def misfits(self, batch: pa.RecordBatch) -> Sequence[Misfit]:
        """See `contract.target.Quarantining`."""
        return list(types.misfits(batch))

    def forms(self, plan: WritePlan) -> dict[str, Form]:  # noqa: ARG002  files keep every value as it is
        """See `contract.proof.Proving`."""
        return {}

    def prove(self, witness: Witness) -> None:
        """See `contract.proof.Proving`."""
        self._witness = witness

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def commit(self, entry: LedgerEntry) -> Committed:
        """Complete the new folder and put it in the table's place; that of rejected rows follows at once."""
        manifest = manifest_of(self._place)
        earlier = None if manifest is None else manifest.entry(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        rows, state = self._finished(manifest)
        done = replace(entry, committed_at=datetime.now(UTC).isoformat(timespec="microseconds"))
        done = done if rows is None else done.of_rows(rows)
        if self._rejects is None:
            self._next.complete(state.after(done))
            self._next.publish()
        else:
            self._publish_both(self._rejects, state.after(done), done)
        return Committed(done, state.rows)

    def abort(self) -> None:
        """Drop what was not committed, and let the next load in."""
        if self._lock is None:
            return
        if self._writer is not None:
            self._writer.abort()
        sweep(self._place)
        self._lock.release()

    def _publish_both(self, rejects: Rejects, state: Manifest, entry: LedgerEntry) -> None:
        """Both lie complete before the first is put in place: whoever comes after a death in between does the rest."""
        beside = table_folder(self._place.parent, rejects_name(TableName(None, self._place.name)))
        lock = lock_beside(beside)
        lock.acquire(self._cancelled)
        try:
            waiting = NextState(beside)
            waiting.complete(with_rejects(waiting, rejects, entry))
            self._next.complete(state)
            self._next.publish()
            waiting.publish()
            waiting.drop()
        finally:
            lock.release()

    def _opened(self) -> PartWriter:
        if self._writer is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._writer

    def _held(self, manifest: Manifest | None) -> list[settling.HeldFile]:
        return [] if manifest is None else [held_part(self._place, part.name) for part in manifest.parts]

    def _finished(self, manifest: Manifest | None) -> tuple[int | None, Manifest]:
        """The load's rows that hold, and the table's next state, its files in the new folder."""
        present = manifest or Manifest(_NO_COLUMNS)
        if self._plan is None:
            self._next.make()
            self._next.keep(present.parts)
            return None, present
        writer = self._opened()
        came = tuple(writer.finish())
        settled = self._settled(self._plan, present, came)
        kept = tuple(present.parts[at] for at in settled.kept)
        parts = (*kept, *settled.parts)
        self._next.keep(kept)
        self._next.leave_out(came, settled.parts)
        if not parts:
            parts = (writer.empty_part(),)
        return settled.rows, Manifest(writer.schema, parts, present.loads)

    def _settled(self, plan: WritePlan, present: Manifest, came: Sequence[Part]) -> Settled:
        writer = self._opened()
        anew = PartWriter(self._next.folder, part_prefix(), writer.schema)
        try:
            return Settling(
                plan, writer.schema, self._held(present), came, anew, self._spill, self._at, self._witness
            ).settled()
        finally:
            anew.abort()


def _merged(manifest: Manifest | None, plan: WritePlan) -> pa.Schema:
    """The table's columns after the load: those that it had, in their order, then the new ones."""
    wanted = settling.with_versions(plan.schema) if plan.versions else plan.schema
    if manifest is None or not manifest.schema.names:
        return wanted
    changed = wanted.names if plan.replace else plan.widen
    fields = [
        wanted.field(each.name) if each.name in changed and each.name in wanted.names else each
        for each in manifest.schema
    ]
    fields += [each for each in wanted if each.name not in manifest.schema.names]
    return pa.schema(fields)
