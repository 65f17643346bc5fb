"""What comes first in every load into a Delta table: settle what one that died has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.connectors.delta_lake import intent, log, rejects
from kaireon_orch.connectors.delta_lake.commit import APP
from kaireon_orch.contract.load import REJECTS_SUFFIX
from kaireon_orch.families.files.folder_lock import lock_beside

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.connectors.delta_lake.intent import Intent


def sweep(place: Path) -> None:
    """Settle what a load that died, or is aborted, has left at `place` and in its rejects, by what the log knows.

    The caller holds the table's lock; rejects that somebody else is at work with are left to them.
    """
    if rejects.is_rejects(place):
        main = rejects.main_of(place)
        rejects.recover(place, lambda load_id: _has(main, load_id))
    _sweep_rejects(place)
    left = intent.noted(place)
    if left is None:
        intent.forget(place) if place.is_dir() else None
        return
    if left.load_id and _has(place, left.load_id):
        _drop_unnamed(place, left)
        intent.forget(place)
        return
    intent.drop(place, left)


def _drop_unnamed(place: Path, left: Intent) -> None:
    """Files of a committed load that were written anew, without the rows that made way, before it was committed."""
    named = {uri.rpartition("/")[2] for uri in log.opened(place).file_uris()}
    for file in place.glob(f"{left.prefix}-*.parquet"):
        if file.name not in named:
            file.unlink(missing_ok=True)


def _sweep_rejects(place: Path) -> None:
    beside = place.with_name(place.name + REJECTS_SUFFIX)
    lock = lock_beside(beside)
    if not (beside.is_dir() or lock.path.exists()):
        return
    if lock.try_acquire():
        try:
            rejects.recover(beside, lambda load_id: _has(place, load_id))
        finally:
            lock.release()


def _has(place: Path, load_id: str) -> bool:
    return log.is_table(place) and log.transaction(log.opened(place), APP + load_id) is not None
