"""Load into a Delta table in a folder: files are written first, then one commit of the log names them and the load."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, create_table_with_add_actions

from kaireon_orch.connectors.delta_lake import intent, log, types
from kaireon_orch.connectors.delta_lake.intent import Intent
from kaireon_orch.contract.load import Committed, LedgerEntry, TableName, TableShape, TargetColumn, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import sync_folder
from kaireon_orch.families.files.folder_lock import FolderLock
from kaireon_orch.families.files.parts import PartWriter
from kaireon_orch.families.files.table_folder import table_folder
from kaireon_orch.families.files.typed_set import aligned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kaireon_orch.connectors.delta_lake.spec import DeltaLakeConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.files.parts import Part

APP: Final = "kaireon:"
"""A load's own application id in the log's `txn` actions (Delta protocol, "Transaction Identifiers")."""

NOTE: Final = "kaireon"
"""Where the commit's information holds the ledger's entry."""


def open_target(opening: Opening[DeltaLakeConfig]) -> DeltaTarget:
    """The folder as a target; it is judged, and nothing is made yet. Raises `Fault` FILE_NOT_ALLOWED, NOT_SUPPORTED."""
    uri = opening.config.uri
    if uri is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a URI: a folder below an allowed one.")
    return DeltaTarget(log.local_folder(opening.door, uri))


class DeltaTarget:
    """A folder that is a Delta table, or whose subfolders are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stored(self, field: pa.Field) -> pa.Field:
        """See `types.stored`."""
        return types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `types.native`."""
        return types.native(field)

    def look(self, table: TableName) -> DeltaLoad:
        """A view of the newest version; takes no lock."""
        return DeltaLoad(self._place(table), table, None)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> DeltaLoad:
        """A load, which holds the table's lock until its end."""
        place = self._place(table)
        lock = _lock(place)
        lock.acquire(cancelled)
        _sweep(place)
        return DeltaLoad(place, table, lock)

    def clean_up(self, table: TableName) -> None:
        """Remove the files that a load has written and not committed; those of one that is at work stay."""
        place = self._place(table)
        if not place.parent.is_dir():
            return
        lock = _lock(place)
        if lock.try_acquire():
            try:
                _sweep(place)
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

    def __init__(self, place: Path, table: TableName, lock: FolderLock | None) -> None:
        self._place = place
        self._table_name = table
        self._lock = lock
        self._intent = Intent(f"part-{uuid.uuid4().hex}", made_folder=not place.exists())
        self._writer: PartWriter | None = None
        self._plan: WritePlan | None = None
        self._done = False

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`; the log's transaction identifiers decide, the history tells the figures."""
        table = self._table()
        if table is None or not _has(table, load_id):
            return None
        entries = (entry for entry in _entries(table) if entry.load_id == load_id)
        return next(entries, LedgerEntry(load_id, "", str(self._table_name), "", 0))

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`; as far back as the log's history goes."""
        table = self._table()
        entries = () if table is None else _entries(table)
        named = str(self._table_name)
        return next(
            (each for each in entries if each.pipeline_id == pipeline_id and each.table == named), None
        )

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

    def prepare(self, plan: WritePlan) -> None:
        """Note what is coming. Raises `Fault` NOT_SUPPORTED, SCHEMA_CHANGED, TARGET_REFUSED."""
        if plan.merges or plan.versions or plan.window is not None:
            raise Fault(FaultCode.NOT_SUPPORTED, "Delta tables take append and truncate.")
        if plan.widen and not plan.replace:
            raise Fault(
                FaultCode.SCHEMA_CHANGED,
                f"Column {plan.widen[0]!r} would have to become wider, which a Delta table's files cannot: use "
                "truncate, or columns.cast.",
            )
        self._plan = plan
        self._make_folder()
        self._intent.note(self._place)
        self._writer = PartWriter(self._place, self._intent.prefix, self._whole(plan))

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the part. Raises `Fault` TARGET_REFUSED when the disk is full."""
        writer = self._opened()
        writer.write(aligned(batch, writer.schema))

    def commit(self, entry: LedgerEntry) -> Committed:
        """One commit of the log: the files, the load's identifier, and its entry."""
        earlier = self.ledger_entry(entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        done = replace(entry, committed_at=datetime.now(UTC).isoformat(timespec="microseconds"))
        parts = [] if self._writer is None else self._writer.finish()
        if self._plan is None and not log.is_table(self._place):
            raise Fault(
                FaultCode.OBJECT_MISSING, "There is no Delta table yet that could keep a pipeline's state."
            )
        self._intent = replace(self._intent, load_id=entry.load_id)
        self._intent.note(self._place)
        sync_folder(self._place)
        with log.faults():
            self._commit(done, [_added(part) for part in parts])
        self._done = True
        table = self._table()
        return Committed(done, None if table is None else _rows(table))

    def abort(self) -> None:
        """Remove what was not committed, and let the next load in."""
        if self._lock is None:
            return
        if self._writer is not None:
            self._writer.abort()
        if self._place.is_dir():
            _sweep(self._place)
        self._lock.release()

    def _commit(self, entry: LedgerEntry, adds: list[AddAction]) -> None:
        table, plan = self._table(), self._plan
        properties = CommitProperties(
            custom_metadata={NOTE: json.dumps(asdict(entry))},
            app_transactions=[Transaction(APP + entry.load_id, 1, int(time.time() * 1000))],
        )
        if table is None:
            schema = Schema.from_arrow(self._opened().schema)
            create_table_with_add_actions(
                str(self._place), schema, adds, "error", commit_properties=properties
            )
            return
        schema = log.schema_of(table) if plan is None else self._opened().schema
        if plan is not None and plan.add and not plan.replace:
            self._add_columns(table, plan)
        mode = "overwrite" if plan is not None and plan.replace else "append"
        table.create_write_transaction([*adds], mode, Schema.from_arrow(schema), commit_properties=properties)

    def _add_columns(self, table: DeltaTable, plan: WritePlan) -> None:
        """In a commit of its own, just before that of the rows: the library cannot do both in one."""
        fields = Schema.from_arrow(pa.schema([plan.schema.field(name) for name in plan.add])).fields
        table.alter.add_columns(fields)
        table.update_incremental()

    def _whole(self, plan: WritePlan) -> pa.Schema:
        """All of the table's columns in its order, those of the load as it has them."""
        table = self._table()
        if table is None:
            return plan.schema
        known = log.schema_of(table)
        fields = [
            plan.schema.field(each.name).with_nullable(each.nullable)
            if each.name in plan.schema.names
            else each
            for each in known
        ]
        return pa.schema([*fields, *(each for each in plan.schema if each.name not in known.names)])

    def _table(self) -> DeltaTable | None:
        return log.opened(self._place) if log.is_table(self._place) else None

    def _make_folder(self) -> None:
        if self._place.is_symlink():
            raise Fault(FaultCode.TARGET_REFUSED, "The table's folder is a link, which is not followed.")
        try:
            self._place.mkdir(exist_ok=True)
        except OSError:
            raise Fault(FaultCode.TARGET_REFUSED, "The table's folder cannot be made.") from None
        if not log.is_table(self._place) and any(self._place.iterdir()):
            raise Fault(
                FaultCode.TARGET_REFUSED, "The folder holds files that are no Delta table; choose another."
            )

    def _opened(self) -> PartWriter:
        if self._writer is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._writer


def _lock(place: Path) -> FolderLock:
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError:
        raise Fault(FaultCode.TARGET_REFUSED, "The target's folder cannot be made.") from None
    return FolderLock(place.parent / f".{place.name}.lock")


def _sweep(place: Path) -> None:
    """The files of a load that died, or is aborted, go; those of one that the log knows stay."""
    left = intent.noted(place)
    if left is None:
        intent.forget(place) if place.is_dir() else None
        return
    if left.load_id and log.is_table(place) and _has(log.opened(place), left.load_id):
        intent.forget(place)
        return
    intent.drop(place, left)
    if left.made_folder and not any(place.iterdir()):
        place.rmdir()


def _has(table: DeltaTable, load_id: str) -> bool:
    with log.faults():
        return table.transaction_version(APP + load_id) is not None


def _entries(table: DeltaTable) -> list[LedgerEntry]:
    """The ledger's entries that the log's history holds, newest first."""
    with log.faults():
        history = table.history()
    return [_entry(commit[NOTE]) for commit in history if NOTE in commit]


def _entry(note: Any) -> LedgerEntry:  # noqa: ANN401  as the library gives it: text, or parsed
    return LedgerEntry(**(json.loads(note) if isinstance(note, str) else note))


def _added(part: Part) -> AddAction:
    stats = json.dumps({"numRecords": part.rows})
    return AddAction(part.name, part.bytes, {}, int(time.time() * 1000), True, stats)


def _rows(table: DeltaTable) -> int | None:
    with log.faults():
        adds = pa.table(table.get_add_actions(flatten=True))
    rows = adds.column("num_records").to_pylist() if adds.num_rows else []
    return None if None in rows else sum(rows)
