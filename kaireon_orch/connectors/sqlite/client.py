"""sqlite3's connection to the file, for the author of a job."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.identity import has_opened, open_files

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.connectors.sqlite.spec import SqliteConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[SqliteConfig]) -> sqlite3.Connection:
    """As `sqlite3.connect` gives it, read-only and without ATTACH.

    Raises `Fault` FILE_NOT_ALLOWED, OBJECT_MISSING, BAD_DATA.
    """
    named = opening.config.path or ""
    path = opening.door.check_path(named)
    with opening.door.open_file(named) as judged:
        before = open_files()
        connection = _connected(path)
        if not has_opened(judged, before):
            connection.close()
            raise Fault(FaultCode.FILE_NOT_ALLOWED, "The file was replaced while it was opened.")
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA schema_version")  # the file is opened only now
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    except sqlite3.DatabaseError:
        connection.close()
        raise Fault(FaultCode.BAD_DATA, "The file is no SQLite database, or cannot be read.") from None
    return connection
