"""The data files that a Delta table's log names, as a load meets them."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

import pyarrow as pa

from kaireon_orch.connectors.delta_lake import log
from kaireon_orch.connectors.delta_lake.commit import Removed
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.settling import HeldFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deltalake import DeltaTable


def files(table: DeltaTable) -> list[Removed]:
    """The files of the version, oldest first, as the log names them."""
    with log.faults():
        adds = pa.table(table.get_add_actions(flatten=False))
    names, sizes = adds.column("path").to_pylist(), adds.column("size_bytes").to_pylist()
    return [Removed(path, size) for path, size in zip(reversed(names), reversed(sizes), strict=True)]


def rows(table: DeltaTable) -> int | None:
    """Rows by the log's own statistics; None where a file has none."""
    with log.faults():
        adds = pa.table(table.get_add_actions(flatten=True))
    counted = adds.column("num_records").to_pylist() if adds.num_rows else []
    return None if None in counted else sum(counted)


def held(folder: Path, named: Removed) -> HeldFile:
    """A file as it is read. Raises `Fault` FILE_NOT_ALLOWED for one outside of the table's folder."""
    path = inside(named.path)
    return HeldFile(path.name, _opened(folder, path))


def inside(path: str) -> PurePath:
    """A path of the log below its table's folder. Raises `Fault` FILE_NOT_ALLOWED for any other: it can name any file."""
    named = PurePath(unquote(path))
    if named.is_absolute() or "://" in path or ".." in named.parts:
        raise Fault(FaultCode.FILE_NOT_ALLOWED, "The table's log names a file outside of its folder.")
    return named


def _opened(folder: Path, path: PurePath) -> Callable[[], BinaryIO]:
    """Links are not followed: they could lead out of the folder."""

    def opened() -> BinaryIO:
        if not (folder / path).parent.resolve().is_relative_to(folder.resolve()):
            raise Fault(FaultCode.FILE_NOT_ALLOWED, "The table's log names a file outside of its folder.")
        try:
            return os.fdopen(os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except FileNotFoundError:
            raise Fault(FaultCode.BAD_DATA, f"The table's file {path.name} is gone.") from None
        except OSError:
            raise Fault(
                FaultCode.FILE_NOT_ALLOWED, f"The table's file {path.name} cannot be opened."
            ) from None

    return opened
