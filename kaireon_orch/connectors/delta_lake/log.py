"""A Delta table in a folder: its log is read by the library, after everything in it was judged."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.table_folder import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.contract.door import Door

LOG: Final = "_delta_log"
READ_FEATURES: Final = frozenset({"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"})
"""Reader features of the Delta protocol that change nothing in how a data file is understood."""

WRITE_FEATURES: Final = READ_FEATURES | {
    "appendOnly",
    "invariants",
    "changeDataFeed",
    "domainMetadata",
    "inCommitTimestamp",
}
_CHECKS: Final = ("delta.constraints.", "delta.generationExpression", "delta.columnMapping")
CHECKPOINT_EVERY: Final = 100
"""Commits, where the table does not say it."""

_LAST_READER: Final = 3
"""Reader version that lists its features by name."""


def local_folder(door: Door, uri: str) -> Path:
    """The folder that a URI means. Raises `Fault` NOT_SUPPORTED for stores, FILE_NOT_ALLOWED."""
    if "://" in uri:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            "Delta tables in object stores are not read yet; give a folder below an allowed one.",
        )
    return folder_of(door, uri)


def is_table(folder: Path) -> bool:
    """Whether the folder has a log."""
    return (folder / LOG).is_dir()


def opened(folder: Path, version: int | None = None) -> DeltaTable:
    """The table as of a version, None for the newest. Raises `Fault` OBJECT_MISSING, BAD_DATA, NOT_SUPPORTED."""
    _judge(folder)
    with faults():
        table = DeltaTable(folder, version=version)
        features = set(table.protocol().reader_features or ())
    strange = sorted(features - READ_FEATURES)
    old = table.protocol().min_reader_version
    if old == 2 or table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":  # noqa: PLR2004  column mapping's version
        strange.append("columnMapping")
    if strange or old > _LAST_READER:
        raise Fault(FaultCode.NOT_SUPPORTED, f"The table uses {', '.join(strange)}, which is not read yet.")
    return table


def demand_writable(table: DeltaTable) -> None:
    """Raises `Fault` NOT_SUPPORTED for a table whose rules a plain load would break."""
    metadata = table.metadata()
    if metadata.partition_columns:
        raise Fault(
            FaultCode.NOT_SUPPORTED, "The Delta table is partitioned, which a load does not write yet."
        )
    strange = set(table.protocol().writer_features or ()) - WRITE_FEATURES
    strange |= {key for key in metadata.configuration if key.startswith(_CHECKS)}
    if "delta.invariants" in table.schema().to_json():
        strange.add("delta.invariants")
    if metadata.configuration.get("delta.enableInCommitTimestamps") == "true":
        strange.add("delta.enableInCommitTimestamps")
    if strange:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"The Delta table uses {', '.join(sorted(strange))}, which a load cannot keep.",
        )


def transaction(table: DeltaTable, name: str) -> int | None:
    """The version that goes with a transaction identifier; None where the log has none of that name."""
    with faults():
        version: int | None = table.transaction_version(name)
    return version


def checkpoint(table: DeltaTable, version: int) -> None:
    """Sum the log up where it is the turn of `version`, so that readers need not go through all of it."""
    interval = table.metadata().configuration.get("delta.checkpointInterval", "")
    every = int(interval) if interval.isdecimal() and int(interval) else CHECKPOINT_EVERY
    if (version + 1) % every == 0:
        with suppress(
            DeltaError, OSError
        ):  # the rows are committed; the next turn sums up what this one has not
            table.create_checkpoint()


def schema_of(table: DeltaTable) -> pa.Schema:
    """The table's columns in Arrow's plain types."""
    given = pa.schema(table.schema().to_arrow())
    return pa.schema([pa.field(each.name, _plain(each.type), each.nullable) for each in given])


def _plain(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(type_) or pa.types.is_large_string(type_):
        return pa.string()
    if pa.types.is_binary_view(type_) or pa.types.is_large_binary(type_):
        return pa.binary()
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_plain(type_.value_type))
    return type_


def _judge(folder: Path) -> None:
    """The library opens by name and follows links, so there must be none in the log."""
    log = folder / LOG
    if folder.is_symlink() or log.is_symlink() or not log.is_dir():
        raise Fault(FaultCode.OBJECT_MISSING, "There is no Delta table in the folder.")
    if any(entry.is_symlink() for entry in log.iterdir()):
        raise Fault(FaultCode.FILE_NOT_ALLOWED, "The table's log holds links, which are not followed.")


@contextmanager
def faults() -> Iterator[None]:
    """Turn what the library raises inside into faults, by its class."""
    try:
        yield
    except TableNotFoundError:
        raise Fault(
            FaultCode.OBJECT_MISSING, "There is no Delta table in the folder, or not that version."
        ) from None
    except DeltaProtocolError:
        raise Fault(FaultCode.NOT_SUPPORTED, "The Delta table needs a newer reader or writer.") from None
    except (DeltaError, ValueError):
        raise Fault(
            FaultCode.BAD_DATA, "The Delta table's log is damaged, or that version is gone."
        ) from None
    except OSError:
        raise Fault(
            FaultCode.TARGET_REFUSED, "The Delta table cannot be read or written: check its rights."
        ) from None
