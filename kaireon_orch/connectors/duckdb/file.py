"""A DuckDB file that loads go to: opened under its lock, and proved to be the file that was judged."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kaireon_orch.connectors.duckdb import database
from kaireon_orch.connectors.duckdb.lock import file_lock
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.exchange import sync_folder
from kaireon_orch.families.files.identity import has_opened, open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import duckdb

    from kaireon_orch.contract.door import Door

_ATTEMPTS: Final = 3
"""Another thread of this process may open a file of its own in just the moment in which DuckDB does."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """The file at `path`, which is where `named` led; what DuckDB spills goes into `folder`."""

    door: Door
    named: str
    path: Path
    folder: str

    def locked(self, cancelled: Callable[[], bool]) -> AbstractContextManager[None]:
        """See `file_lock`."""
        return file_lock(self.path, cancelled)

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def opened(
        self, *, read_only: bool, memory: str = database.MEMORY
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection, to be asked for under the lock. Raises `Fault` FILE_NOT_ALLOWED, TABLE_BUSY, BAD_DATA."""
        # The judged descriptor is closed last: the kernel would drop DuckDB's own lock with any descriptor of the file.
        with self.door.open_file(self.named) as judged:
            for _ in range(_ATTEMPTS):
                before = open_files()
                connection = database.connect(
                    self.path, read_only=read_only, folder=self.folder, memory=memory
                )
                try:
                    if has_opened(judged, before):
                        yield connection
                        return
                finally:
                    connection.close()
        raise Fault(FaultCode.FILE_NOT_ALLOWED, "The file was replaced while it was opened.")

    def ensure(self) -> None:
        """Make a missing file, under the lock; readers see it when it is whole."""
        if self.exists():
            return
        empty = Path(self.folder, "empty.duckdb")
        database.connect(empty, read_only=False, folder=self.folder).close()
        try:
            _put(empty, self._new)
            self._new.rename(self.path)
            sync_folder(self.path.parent)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The DuckDB file cannot be made: check disk space and rights."
            ) from None
        finally:
            empty.unlink()

    def clean_up(self) -> None:
        """Remove, under the lock, a file that was being made when its maker died."""
        self._new.unlink(missing_ok=True)

    @property
    def _new(self) -> Path:
        return self.path.with_name(f"{self.path.name}.new")


def _put(source: Path, place: Path) -> None:
    """Copy into a file that is not there yet: what stands in its place, a link above all, is not written to."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(descriptor)
