"""DuckDB's connection to the file, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.connectors.duckdb import database
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.identity import has_opened, open_files

if TYPE_CHECKING:
    import duckdb

    from kaireon_orch.connectors.duckdb.spec import DuckdbConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[DuckdbConfig]) -> duckdb.DuckDBPyConnection:
    """As `duckdb.connect` gives it, read-only; files, extensions and settings are out of its reach.

    Raises `Fault` as `database.connect` does.
    """
    named = opening.config.path or ""
    path = opening.door.check_path(named)
    with opening.door.open_file(named) as judged:
        before = open_files()
        connection = database.connect(path, read_only=True, folder=opening.folder)
        if not has_opened(judged, before):
            connection.close()
            raise Fault(FaultCode.FILE_NOT_ALLOWED, "The file was replaced while it was opened.")
    return connection


def open_writer(opening: Opening[DuckdbConfig]) -> duckdb.DuckDBPyConnection:
    """The same for writing; the file is made where there is none.

    Raises `Fault` as `database.connect` does.
    """
    path = opening.door.check_path(opening.config.path or "", missing_ok=True)
    return database.connect(path, read_only=False, folder=opening.folder)
