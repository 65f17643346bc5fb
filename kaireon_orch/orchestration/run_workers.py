"""Where the run server and its workers are found: a folder of their owner's, a socket, and a note for each worker.

The notes, not the server's memory, say which runs are alive, so that both survive a restart of the server.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from kaireon_orch import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT_SECONDS = 7 * 86_400
LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers that a run server has started. `folder` is only its owner's."""

    folder: Path

    @classmethod
    def here(cls) -> Workers:
        """Those of this installation's home. Raises SettingsError."""
        return cls(private(settings.load().home / "runs"))

    @property
    def socket(self) -> Path:
        """Where the server listens; beside the system's temporary files where the home's path is too long."""
        path = self.folder / "server.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        digest = sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return private(Path(gettempdir()) / f"kaireon-{os.getuid()}-{digest}") / "server.sock"

    def note(self, run_id: str, pid: int) -> None:
        """Remember a worker."""
        self._place(run_id).write_text(f"{pid} {started_at(pid)}", encoding="ascii")

    def forget(self, run_id: str) -> None:
        """A worker has ended."""
        self._place(run_id).unlink(missing_ok=True)

    def knows(self, run_id: str) -> bool:
        """Whether a worker of ours was started for the run and has not ended in order."""
        return self._place(run_id).exists()

    def pid(self, run_id: str) -> int | None:
        """The living worker of a run."""
        try:
            pid, since = self._place(run_id).read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return None
        return int(pid) if started_at(int(pid)) == since else None

    def interrupt(self, run_id: str) -> bool:
        """Ask a worker to end; whether there is one."""
        pid = self.pid(run_id)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return True

    def living(self) -> dict[int, str]:
        """The runs of living workers by process; notes of dead ones go once they are old."""
        found = {}
        for note in self._notes():
            pid = self.pid(note.name)
            if pid is not None:
                found[pid] = note.name
            elif time.time() - note.stat().st_mtime > KEPT_SECONDS:
                note.unlink()
        return found

    def _notes(self) -> Iterator[Path]:
        return (path for path in self.folder.iterdir() if path.suffix != ".sock")

    def _place(self, run_id: str) -> Path:
        return self.folder / run_id


def started_at(pid: int) -> str:
    """When the kernel started a process, which tells it from a later one of the same number; `gone` without one."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return "gone"
    fields = status.rpartition(")")[2].split()
    return "gone" if fields[0] == "Z" else fields[19]


def private(folder: Path) -> Path:
    """The folder, made for its owner alone; raises PermissionError for one of somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} must be a folder of this user alone (mode 0700)")
    return folder


def fingerprint() -> str:
    """Of the code that a run runs: it changes with an installation or an edit."""
    package = Path(__file__).parents[1]
    told = (f"{path}:{path.stat().st_mtime_ns}" for path in sorted(package.rglob("*.py")))
    return sha256("\n".join(told).encode()).hexdigest()
