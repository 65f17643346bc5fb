"""Rejected rows of a load, in a Delta table beside: `<table>__rejects`.

Two tables are two commits. So the rows lie ready, noted with all that their commit needs, before that of the load; it
follows at once, and where its writer dies in between, whoever comes next makes it. Rows of a load that was never
committed are removed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kaireon_orch.connectors.delta_lake import commit, intent, log
from kaireon_orch.connectors.delta_lake.commit import APP, Change
from kaireon_orch.connectors.delta_lake.intent import Intent
from kaireon_orch.contract.load import REJECTS_SCHEMA, REJECTS_SUFFIX
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import sync_folder
from kaireon_orch.families.files.folder_lock import FolderLock, lock_beside
from kaireon_orch.families.files.parts import PartWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kaireon_orch.contract.load import LedgerEntry, Rejects


@dataclass(slots=True)
class RejectedRows:
    """One load's rejects on their way into the table at `place`, whose lock is held until `release`."""

    place: Path
    lock: FolderLock

    def stage(self, rejects: Rejects, entry: LedgerEntry) -> None:
        """Write the rows, unknown to readers, and note what is to become of them. Raises `Fault` TARGET_REFUSED."""
        _demand_ours(self.place)
        made = make_folder(self.place)
        prefix = f"part-{uuid.uuid4().hex}"
        Intent(prefix, made_folder=made).note(self.place)
        writer = PartWriter(self.place, prefix, REJECTS_SCHEMA)
        try:
            for batch in rejects.batches():
                writer.write(batch)
            parts = tuple(writer.finish())
        finally:
            writer.abort()
        of = replace(
            entry, table=self.place.name, rows=rejects.rows, mode="append", checkpoint=None, figures={}
        )
        Intent(prefix, entry.load_id, made, parts, of).note(self.place)
        sync_folder(self.place)

    def commit(self) -> None:
        """Make them the table's, once the load is committed."""
        _roll_forward(self.place)

    def release(self) -> None:
        """Let the next one in; safe to call twice."""
        self.lock.release()


def of_table(place: Path, cancelled: Callable[[], bool]) -> RejectedRows:
    """Rejects of the table at `place`. Raises `Fault` TABLE_BUSY, CANCELED."""
    beside = place.with_name(place.name + REJECTS_SUFFIX)
    lock = lock_beside(beside)
    lock.acquire(cancelled)
    return RejectedRows(beside, lock)


def recover(place: Path, is_committed: Callable[[str], bool]) -> None:
    """Make or remove what lies ready for the table of rejects at `place`: of a load that is committed, or is not."""
    left = intent.noted(place)
    if left is None or (left.entry is None and left.load_id):
        return  # of a load into this very table, which its own log knows
    if left.entry is not None and is_committed(left.load_id):
        _roll_forward(place)
        return
    intent.drop(place, left)


def is_rejects(place: Path) -> bool:
    """Whether the folder's name is one for rejects."""
    return place.name.endswith(REJECTS_SUFFIX) and place.name != REJECTS_SUFFIX


def main_of(place: Path) -> Path:
    """The table whose rejects are at `place`."""
    return place.with_name(place.name.removesuffix(REJECTS_SUFFIX))


def make_folder(place: Path) -> bool:
    """Make a table's folder; whether it was not there. Raises `Fault` TARGET_REFUSED for one of others."""
    if place.is_symlink():
        raise Fault(FaultCode.TARGET_REFUSED, "The table's folder is a link, which is not followed.")
    fresh = not place.exists()
    try:
        place.mkdir(exist_ok=True)
    except OSError:
        raise Fault(FaultCode.TARGET_REFUSED, "The table's folder cannot be made.") from None
    if not log.is_table(place) and any(place.iterdir()):
        raise Fault(
            FaultCode.TARGET_REFUSED, "The folder holds files that are no Delta table; choose another."
        )
    return fresh


def _demand_ours(place: Path) -> None:
    if not log.is_table(place):
        return
    table = log.opened(place)
    log.demand_writable(table)
    if log.schema_of(table) != REJECTS_SCHEMA:
        raise Fault(
            FaultCode.TARGET_REFUSED, f"The table {place.name} has other columns than those of rejected rows."
        )


def _roll_forward(place: Path) -> None:
    left = intent.noted(place)
    if left is None or left.entry is None:
        return
    seen = log.opened(place) if log.is_table(place) else None
    named = APP + left.load_id
    if seen is None or log.transaction(seen, named) is None:
        schema = REJECTS_SCHEMA if seen is None else None
        commit.committed(place, seen, Change(schema, left.parts, (), False, (named,), left.entry))
    intent.forget(place)
