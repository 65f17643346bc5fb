"""The states of a table of Parquet files: the committed one in the table's folder, the next one in a hidden one beside."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from kaireon_orch.contract.load import REJECTS_SUFFIX
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import put_in_place, sync_folder
from kaireon_orch.families.files.folder_lock import lock_beside
from kaireon_orch.families.files.manifest import NAME, Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kaireon_orch.families.files.parts import Part


class NextState:
    """What the folder at `place` will be once it is published."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place.with_name(f".{place.name}.next")

    def make(self) -> Path:
        """Make the hidden folder. Raises `Fault` TARGET_REFUSED."""
        try:
            self.folder.mkdir(mode=0o755)
        except OSError:
            raise Fault(FaultCode.TARGET_REFUSED, "The target's folder cannot be written.") from None
        return self.folder

    def keep(self, parts: Sequence[Part]) -> None:
        """Take over files of the present state: nothing is copied where the file system has links."""
        for part in parts:
            try:
                os.link(self.place / part.name, self.folder / part.name)
            except FileNotFoundError:
                raise Fault(FaultCode.TARGET_REFUSED, f"The table's file {part.name} is gone.") from None
            except OSError:
                self._copy(part)

    def leave_out(self, written: Sequence[Part], parts: Sequence[Part]) -> None:
        """Remove those of the written files that are not among the state's."""
        names = {part.name for part in parts}
        for part in written:
            if part.name not in names:
                (self.folder / part.name).unlink()

    def complete(self, manifest: Manifest) -> None:
        """Write what it will remember; from now on nothing is missing. Raises `Fault` TARGET_REFUSED."""
        try:
            with (self.folder / NAME).open("x", encoding="utf-8") as file:
                file.write(manifest.to_json())
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self.folder)
        except OSError:
            raise _unwritten() from None

    def publish(self) -> None:
        """Put it in the table's place; the hidden folder is then what was there before, if anything."""
        put_in_place(self.folder, self.place)

    def drop(self) -> None:
        """Remove the hidden folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _copy(self, part: Part) -> None:
        """Where the file system has no links."""
        try:
            with (self.place / part.name).open("rb") as held, (self.folder / part.name).open("xb") as new:
                shutil.copyfileobj(held, new, 1 << 20)
                new.flush()
                os.fsync(new.fileno())
        except OSError:
            raise _unwritten() from None


def manifest_of(place: Path) -> Manifest | None:
    """What the table remembers; None where there is none. Raises `Fault` TARGET_REFUSED for what is no table of ours."""
    if not place.exists() and not place.is_symlink():
        return None
    if place.is_symlink() or not place.is_dir():
        raise Fault(FaultCode.TARGET_REFUSED, "The table's place is taken by something that is no folder.")
    manifest = read_manifest(place)
    if manifest is None and any(place.iterdir()):
        raise Fault(
            FaultCode.TARGET_REFUSED,
            "The table's folder holds files that no load has written; choose another.",
        )
    return manifest


def sweep(place: Path) -> None:
    """Settle what loads into the table, or into the table of its rejects, have left when they died.

    The caller holds the table's lock; rejects that somebody else is at work with are left to them.
    """
    if place.name.endswith(REJECTS_SUFFIX):
        recover(place, place.with_name(place.name.removesuffix(REJECTS_SUFFIX)))
    beside = place.with_name(place.name + REJECTS_SUFFIX)
    if NextState(beside).folder.is_dir() or lock_beside(beside).path.exists():
        _recover_alone(beside, place)
    NextState(place).drop()


def _recover_alone(beside: Path, main: Path) -> None:
    lock = lock_beside(beside)
    if lock.try_acquire():
        try:
            recover(beside, main)
        finally:
            lock.release()


def recover(place: Path, main: Path) -> None:
    """Rejected rows that lie complete are published where the load that they were rejected from is, else removed."""
    waiting = NextState(place)
    if not waiting.folder.is_dir():
        return
    ready = read_manifest(waiting.folder)
    present = manifest_of(place)
    load_id = ready.loads[-1].load_id if ready is not None and ready.loads else None
    if load_id is not None and (present is None or present.entry(load_id) is None) and _has(main, load_id):
        waiting.publish()
    waiting.drop()


def _has(main: Path, load_id: str) -> bool:
    manifest = manifest_of(main)
    return manifest is not None and manifest.entry(load_id) is not None


def _unwritten() -> Fault:
    return Fault(FaultCode.TARGET_REFUSED, "The files cannot be written: check disk space and rights.")
