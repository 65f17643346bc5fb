"""A DuckDB file as a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.connectors.duckdb import types
from kaireon_orch.connectors.duckdb.execute import execute
from kaireon_orch.connectors.duckdb.file import DatabaseFile
from kaireon_orch.connectors.duckdb.kept import DEFAULT_SCHEMA
from kaireon_orch.connectors.duckdb.load import DuckdbLoad
from kaireon_orch.contract.load import TableName
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from kaireon_orch.connectors.duckdb.spec import DuckdbConfig
    from kaireon_orch.contract.source import Opening


def open_target(opening: Opening[DuckdbConfig]) -> DuckdbTarget:
    """The file as a target; it and its folder are judged, and nothing is opened yet. Raises `Fault` FILE_NOT_ALLOWED."""
    config = opening.config
    if config.path is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a path.")
    path = opening.door.check_path(config.path, missing_ok=True)
    file = DatabaseFile(opening.door, config.path, path, opening.folder)
    return DuckdbTarget(file, config.schema_ or DEFAULT_SCHEMA)


class DuckdbTarget:
    """The file, and the schema of tables that name none."""

    folds_case = True

    def __init__(self, file: DatabaseFile, schema: str) -> None:
        self._file = file
        self._schema = schema

    def stored(self, field: pa.Field) -> pa.Field:
        """See `types.stored`."""
        return types.stored(field)

    def native(self, field: pa.Field) -> str:
        """See `types.native`."""
        return types.native(field)

    def look(self, table: TableName) -> DuckdbLoad:
        """See `contract.target.Target`: a load that is not committed makes nothing."""
        return self.begin(table, lambda: False)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> DuckdbLoad:
        """A load; it takes no lock before its commit, since a whole load then waits in the spool."""
        return DuckdbLoad(self._file, TableName(table.schema or self._schema, table.name), cancelled)

    def execute(self, script: str, cancelled: Callable[[], bool]) -> None:
        """See `contract.target.Executing`."""
        execute(self._file, script, cancelled)

    def clean_up(self, table: TableName) -> None:  # noqa: ARG002  what may be left is the file's, not a table's
        """A file that was being made when its maker died is removed; spools have no name and vanish by themselves."""
        with self._file.locked(lambda: False):
            self._file.clean_up()

    def close(self) -> None:
        """Nothing stays open between steps."""
