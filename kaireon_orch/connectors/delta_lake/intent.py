"""What a load is about to commit, noted beside its files, so that whoever comes after its death can tell them apart."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.connectors.delta_lake.commit import DRAFT
from kaireon_orch.contract.load import LedgerEntry
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "_kaireon_load.json"
"""Delta's readers pass over names that begin with an underscore."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Files of the load begin with `prefix`; `load_id` is empty before its commit begins, `made_folder`: it made the folder.

    With `entry` the files are rejected rows, all of `parts`, to be committed once the load they were rejected from is.
    """

    prefix: str
    load_id: str = ""
    made_folder: bool = False
    parts: tuple[Part, ...] = ()
    entry: LedgerEntry | None = None

    def note(self, folder: Path) -> None:
        """Put it in its place in one step. Raises `Fault` TARGET_REFUSED."""
        new = folder / f"{NAME}.new"
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(asdict(self), file)
                file.flush()
                os.fsync(file.fileno())
            new.rename(folder / NAME)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The table's folder cannot be written: check disk space and rights."
            ) from None


def noted(folder: Path) -> Intent | None:
    """The note that lies in the folder; None where there is none that can be read."""
    try:
        return _intent(json.loads((folder / NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _intent(document: dict[str, Any]) -> Intent:
    parts, entry = document.pop("parts"), document.pop("entry")
    found = Intent(**document)
    if entry is None:
        return found
    return replace(found, parts=tuple(Part(**part) for part in parts), entry=LedgerEntry(**entry))


def forget(folder: Path) -> None:
    for name in (NAME, f"{NAME}.new", DRAFT):
        (folder / name).unlink(missing_ok=True)


def drop(folder: Path, intent: Intent) -> None:
    """Remove the files of a load that was not committed, its note, and the folder where the load made it."""
    for file in folder.glob(f"{intent.prefix}-*.parquet"):
        file.unlink(missing_ok=True)
    forget(folder)
    if intent.made_folder and not any(folder.iterdir()):
        folder.rmdir()
