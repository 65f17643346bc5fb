"""Load into a folder of Parquet files: a new state of the folder is built beside it, then takes its place in one step."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.connectors.parquet import types
from kaireon_orch.contract.load import Committed, LedgerEntry, TableName, TableShape, TargetColumn, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import put_in_place, sync_folder
from kaireon_orch.families.files.folder_lock import FolderLock
from kaireon_orch.families.files.manifest import NAME, Manifest, read_manifest
from kaireon_orch.families.files.parts import PartWriter
from kaireon_orch.families.files.table_folder import folder_of, table_folder
from kaireon_orch.families.files.typed_set import aligned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kaireon_orch.connectors.parquet.spec import ParquetConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.files.parts import Part

_NO_COLUMNS: Final = pa.schema([])


def open_target(opening: Opening[ParquetConfig]) -> ParquetTarget:
    """The folder as a target; it is judged, and nothing is made yet. Raises `Fault` FILE_NOT_ALLOWED, MISSING_FIELDS."""
    path = opening.config.path
    if path is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a path: a folder below an allowed one.")
    return ParquetTarget(folder_of(opening.door, path))


class ParquetTarget:
    """A folder whose subfolders are tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stored(self, field: pa.Field) -> pa.Field:
        """See `types.stored`."""
        return types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `types.native`."""
        return types.native(field)

    def look(self, table: TableName) -> ParquetLoad:
        """A view of the committed files; takes no lock."""
        return ParquetLoad(table_folder(self._folder, table), table, None)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> ParquetLoad:
        """A load, which holds the table's lock until its end."""
        place = table_folder(self._folder, table)
        lock = self._lock(place)
        lock.acquire(cancelled)
        _sweep(place)
        return ParquetLoad(place, table, lock)

    def clean_up(self, table: TableName) -> None:
        """Remove the folders that a load left beside the table; those of one that is at work stay."""
        place = table_folder(self._folder, table)
        if not self._folder.is_dir():
            return
        lock = self._lock(place)
        if lock.try_acquire():
            try:
                _sweep(place)
            finally:
                lock.release()

    def close(self) -> None:
        """Nothing stays open between steps."""

    def _lock(self, place: Path) -> FolderLock:
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError:
            raise Fault(FaultCode.TARGET_REFUSED, "The target's folder cannot be made.") from None
        return FolderLock(self._folder / f".{place.name}.lock")


class ParquetLoad:
    """One load; what it writes lies in a hidden folder beside the table until `commit`."""

    def __init__(self, place: Path, table: TableName, lock: FolderLock | None) -> None:
        self._place = place
        self._table = table
        self._lock = lock
        self._new = place.with_name(f".{place.name}.next")
        self._writer: PartWriter | None = None
        self._plan: WritePlan | None = None

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        manifest = self._manifest()
        return None if manifest is None else manifest.entry(load_id)

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        manifest = self._manifest()
        return None if manifest is None else manifest.last(pipeline_id, str(self._table))

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        manifest = self._manifest()
        if manifest is None or not manifest.schema.names:
            return None
        return TableShape(tuple(TargetColumn(field, types.native(field)) for field in manifest.schema))

    def prepare(self, plan: WritePlan) -> None:
        """Make the hidden folder. Raises `Fault` NOT_SUPPORTED for a mode that files cannot hold, TARGET_REFUSED."""
        if plan.merges or plan.versions or plan.window is not None:
            raise Fault(FaultCode.NOT_SUPPORTED, "Parquet files take append and truncate.")
        if plan.widen and not plan.replace:
            raise Fault(
                FaultCode.SCHEMA_CHANGED,
                f"Column {plan.widen[0]!r} would have to become wider, and written files stay as they are: use "
                "truncate, or columns.cast.",
            )
        self._plan = plan
        self._make_new()
        self._writer = PartWriter(self._new, f"part-{uuid.uuid4().hex}", _merged(self._manifest(), plan))

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the part, with all of the table's columns. Raises `Fault` TARGET_REFUSED when the disk is full."""
        writer = self._opened()
        writer.write(aligned(batch, writer.schema))

    def commit(self, entry: LedgerEntry) -> Committed:
        """Complete the new folder and put it in the table's place."""
        manifest = self._manifest()
        earlier = None if manifest is None else manifest.entry(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        done = replace(entry, committed_at=datetime.now(UTC).isoformat(timespec="microseconds"))
        new = self._finished(manifest).after(done)
        self._publish(new)
        return Committed(done, new.rows)

    def abort(self) -> None:
        """Drop what was not committed, and let the next load in."""
        if self._lock is None:
            return
        if self._writer is not None:
            self._writer.abort()
        shutil.rmtree(self._new, ignore_errors=True)
        self._lock.release()

    def _manifest(self) -> Manifest | None:
        if not self._place.exists() and not self._place.is_symlink():
            return None
        if self._place.is_symlink() or not self._place.is_dir():
            raise Fault(
                FaultCode.TARGET_REFUSED, "The table's place is taken by something that is no folder."
            )
        manifest = read_manifest(self._place)
        if manifest is None and any(self._place.iterdir()):
            raise Fault(
                FaultCode.TARGET_REFUSED,
                "The table's folder holds files that no load has written; choose another.",
            )
        return manifest

    def _opened(self) -> PartWriter:
        if self._writer is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._writer

    def _make_new(self) -> None:
        try:
            self._new.mkdir(mode=0o755)
        except OSError:
            raise Fault(FaultCode.TARGET_REFUSED, "The target's folder cannot be written.") from None

    def _finished(self, manifest: Manifest | None) -> Manifest:
        """The table's next state, its files in the new folder; without `prepare` it is the present one."""
        if self._plan is None:
            self._make_new()
            present = manifest or Manifest(_NO_COLUMNS)
            self._keep(present.parts)
            return present
        writer = self._opened()
        writer.finish()
        kept = () if manifest is None or self._plan.replace else manifest.parts
        if not writer.parts and not kept:
            writer.empty_part()
        self._keep(kept)
        loads = () if manifest is None else manifest.loads
        return Manifest(writer.schema, (*kept, *writer.parts), loads)

    def _keep(self, parts: tuple[Part, ...]) -> None:
        """The same files under the new folder's names: nothing is copied where the file system has links."""
        for part in parts:
            try:
                os.link(self._place / part.name, self._new / part.name)
            except FileNotFoundError:
                raise Fault(FaultCode.TARGET_REFUSED, f"The table's file {part.name} is gone.") from None
            except OSError:
                shutil.copyfile(self._place / part.name, self._new / part.name)

    def _publish(self, manifest: Manifest) -> None:
        try:
            with (self._new / NAME).open("x", encoding="utf-8") as file:
                file.write(manifest.to_json())
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self._new)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The files cannot be written: check disk space and rights."
            ) from None
        put_in_place(self._new, self._place)


def _sweep(place: Path) -> None:
    """What the last load left: its unfinished folder, or the one that it has replaced."""
    shutil.rmtree(place.with_name(f".{place.name}.next"), ignore_errors=True)


def _merged(manifest: Manifest | None, plan: WritePlan) -> pa.Schema:
    """The table's columns after the load: those that it had, in their order, then the new ones."""
    if manifest is None or not manifest.schema.names:
        return plan.schema
    if plan.replace:
        fields = [
            plan.schema.field(each.name) if each.name in plan.schema.names else each
            for each in manifest.schema
        ]
    else:
        fields = list(manifest.schema)
    fields += [each for each in plan.schema if each.name not in manifest.schema.names]
    return pa.schema(fields)
