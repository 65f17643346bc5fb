"""One commit of a Delta table's log: rows, columns, and the load that brought them, all in one file or not at all.

The library commits rows and new columns one after the other, and takes away only all files or none; a load needs both in
one. The log's format is the Delta protocol's ("Actions", "Delta Log Entries").
"""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from deltalake import Schema

from kaireon_orch.connectors.delta_lake import log
from kaireon_orch.contract.load import LedgerEntry
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from deltalake import DeltaTable

    from kaireon_orch.families.files.parts import Part

APP: Final = "kaireon:"
"""What our application ids in the log's `txn` actions begin with (Delta protocol, "Transaction Identifiers").

A load has one of its own, a pipeline in a table another; the version that goes with either is the commit's own.
"""

NOTE: Final = "kaireon"
"""Where the commit's information holds the ledger's entry."""

DRAFT: Final = "_kaireon_commit.json"
"""A commit before it has its number; whoever comes after its writer's death removes it."""

_NTZ: Final = "timestampNtz"
_NTZ_WORD: Final = '"timestamp_ntz"'
_READER, _WRITER = 3, 7
"""Protocol versions that list their features by name."""

_LEGACY: Final = (
    (2, ("appendOnly", "invariants")),
    (3, ("checkConstraints",)),
    (4, ("changeDataFeed", "generatedColumns")),
    (5, ("columnMapping",)),
    (6, ("identityColumns",)),
)
"""What an older writer version means in features."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A file that the table loses: as the log names it."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does. `schema` are all columns afterwards; `parts` come, `removed` go.

    `replaces`: everything goes. `named` are the transaction identifiers that the log has of it afterwards.
    """

    schema: pa.Schema | None
    parts: Sequence[Part]
    removed: Sequence[Removed]
    replaces: bool
    named: Sequence[str]
    entry: LedgerEntry

    @property
    def is_blind(self) -> bool:
        """Whether it holds whatever others have committed meanwhile, as long as the columns are the same."""
        return not self.removed


def committed(folder: Path, seen: DeltaTable | None, change: Change) -> int:
    """Commit what was made for the table as it was `seen`; the commit's version.

    Raises `Fault` TABLE_BUSY where another writer was faster and the change does not go with theirs, TARGET_REFUSED,
    NOT_SUPPORTED for a table whose rules forbid it.
    """
    if seen is not None:
        _demand_allowed(seen, change)
    while True:
        version = 0 if seen is None else seen.version() + 1
        if _put(folder, version, list(_actions(seen, change, version))):
            return version
        newest = log.opened(folder)
        if seen is None or not change.is_blind or not _same_rules(seen, newest):
            raise Fault(FaultCode.TABLE_BUSY, "Another program changed the Delta table meanwhile; try again.")
        seen = newest


def entry_of(folder: Path, version: int) -> LedgerEntry | None:
    """The ledger's entry in a commit; None where the commit is gone or has none."""
    try:
        lines = (folder / log.LOG / f"{version:020d}.json").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    infos = (json.loads(line).get("commitInfo") for line in lines if line.strip())
    notes = [info[NOTE] for info in infos if info and NOTE in info]
    return LedgerEntry(**json.loads(notes[0])) if notes else None


def _put(folder: Path, version: int, actions: Sequence[dict[str, Any]]) -> bool:
    """Write the commit; False where its version is taken. It is there as a whole, by its last step, or not at all."""
    draft, place = folder / DRAFT, folder / log.LOG / f"{version:020d}.json"
    try:
        place.parent.mkdir(exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(action, ensure_ascii=False) + "\n" for action in actions)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, place)
        draft.unlink()
        sync_folder(place.parent)
    except FileExistsError:
        return False
    except OSError:
        raise Fault(
            FaultCode.TARGET_REFUSED, "The table's log cannot be written: check disk space and rights."
        ) from None
    return True


def _actions(seen: DeltaTable | None, change: Change, version: int) -> Iterator[dict[str, Any]]:
    now = int(time.time() * 1000)
    yield {"commitInfo": _information(change, now)}
    yield from _rules(seen, change.schema, now)
    for name in change.named:
        yield {"txn": {"appId": name, "version": version, "lastUpdated": now}}
    for file in change.removed:
        yield {
            "remove": {
                "path": file.path,
                "deletionTimestamp": now,
                "dataChange": True,
                "extendedFileMetadata": True,
                "partitionValues": {},
                "size": file.bytes,
            }
        }
    for part in change.parts:
        yield {
            "add": {
                "path": part.name,
                "partitionValues": {},
                "size": part.bytes,
                "modificationTime": now,
                "dataChange": True,
                "stats": json.dumps({"numRecords": part.rows}),
            }
        }


def _information(change: Change, now: int) -> dict[str, Any]:
    mode = "Overwrite" if change.replaces else "Append"
    return {
        "timestamp": now,
        "operation": "WRITE" if change.replaces or change.is_blind else "MERGE",
        "operationParameters": {"mode": mode},
        "isBlindAppend": change.is_blind,
        "engineInfo": "kaireon-orch",
        NOTE: json.dumps(asdict(change.entry), ensure_ascii=False),
    }


def _rules(seen: DeltaTable | None, schema: pa.Schema | None, now: int) -> Iterator[dict[str, Any]]:
    """The table's columns, and what a reader must know for them, where they are not those that it has."""
    if schema is None:
        return
    known = None if seen is None else seen.schema().to_json()
    wanted = _schema_text(seen, schema)
    protocol = _protocol(seen, wanted)
    if protocol is not None:
        yield {"protocol": protocol}
    if seen is None or json.loads(wanted) != json.loads(known or ""):
        yield {"metaData": _metadata(seen, wanted, now)}


def _schema_text(seen: DeltaTable | None, schema: pa.Schema) -> str:
    """The columns in Delta's words; those that the table has stay as they are described there, but for a new type."""
    given = {each["name"]: each for each in json.loads(Schema.from_arrow(schema).to_json())["fields"]}
    if seen is not None:
        known = log.schema_of(seen)
        for each in json.loads(seen.schema().to_json())["fields"]:
            name = each["name"]
            same = known.field(name).type == schema.field(name).type
            given[name] = each if same else {**each, "type": given[name]["type"]}
    return json.dumps({"type": "struct", "fields": list(given.values())}, ensure_ascii=False)


def _protocol(seen: DeltaTable | None, schema: str) -> dict[str, Any] | None:
    """The protocol that the columns need, where the table has not said so already."""
    wants = _NTZ_WORD in schema
    if seen is None and not wants:
        return {"minReaderVersion": 1, "minWriterVersion": 2}
    found = None if seen is None else seen.protocol()
    reader, writer = (
        (set(found.reader_features or ()), set(found.writer_features or ())) if found else (set(), set())
    )
    if not wants or _NTZ in reader:
        return None
    old = 2 if found is None else found.min_writer_version
    legacy = {name for version, names in _LEGACY if version <= old < _WRITER for name in names}
    return {
        "minReaderVersion": _READER,
        "minWriterVersion": _WRITER,
        "readerFeatures": sorted(reader | {_NTZ}),
        "writerFeatures": sorted(writer | legacy | {_NTZ}),
    }


def _metadata(seen: DeltaTable | None, schema: str, now: int) -> dict[str, Any]:
    found = None if seen is None else seen.metadata()
    return {
        "id": str(uuid.uuid4()) if found is None else str(found.id),
        "name": None if found is None else found.name,
        "description": None if found is None else found.description,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": [],
        "createdTime": now if found is None else found.created_time,
        "configuration": {} if found is None else dict(found.configuration),
    }


def _demand_allowed(table: DeltaTable, change: Change) -> None:
    rules = table.metadata().configuration
    if change.removed and rules.get("delta.appendOnly") == "true":
        raise Fault(FaultCode.TARGET_REFUSED, "The Delta table takes appended rows only (delta.appendOnly).")
    if change.removed and not change.replaces and rules.get("delta.enableChangeDataFeed") == "true":
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            "The Delta table keeps a feed of its changes, which only append and truncate write rightly.",
        )


def _same_rules(one: DeltaTable, other: DeltaTable) -> bool:
    """Whether nothing but rows differs: columns, configuration and protocol are the same."""
    return bool(
        one.schema().to_json() == other.schema().to_json()
        and one.metadata().configuration == other.metadata().configuration
        and one.protocol() == other.protocol()
    )
