"""Where a table of files lies: a folder named like it, below one that the door has judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.origin import is_pattern

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.load import TableName

MAX_NAME_BYTES: Final = 200
"""A file name has 255 bytes; what is made beside a table adds to its name."""

_ASKED: Final = ".kaireon"


def folder_of(door: Door, path: str) -> Path:
    """The real path of a folder, which may be yet to be made in one that exists. Raises `Fault` FILE_NOT_ALLOWED."""
    if is_pattern(path):
        raise Fault(FaultCode.TARGET_REFUSED, "The target's path is a pattern; give a folder.")
    try:
        return door.check_path(f"{path.rstrip('/')}/{_ASKED}", missing_ok=True).parent
    except Fault as fault:
        if fault.fault is not FaultCode.OBJECT_MISSING:
            raise
    return door.check_path(path.rstrip("/"), missing_ok=True)


def table_folder(folder: Path, table: TableName) -> Path:
    """The table's own folder; its schema has no place in it. Raises `Fault` TARGET_REFUSED for what is no file name."""
    name = table.name
    if not name or name[0] in "._" or "/" in name or "\0" in name or len(name.encode()) > MAX_NAME_BYTES:
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"{name!r} cannot be the name of a folder of files: no slash, no dot or underscore in front, at most "
            f"{MAX_NAME_BYTES} bytes.",
        )
    return folder / name
