"""`DuckDBResource` for a DuckDB file of the registry, and Dagster's IO managers over it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dagster_duckdb import DuckDBIOManager, DuckDBResource
from dagster_duckdb.io_manager import DuckDbClient
from pydantic import Field

from kaireon_orch import catalogue
from kaireon_orch.orchestration.native.frames import FramedConnection
from kaireon_orch.orchestration.native.live import Live
from kaireon_orch.orchestration.native.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    import duckdb

    from kaireon_orch.orchestration.native.opening import Unsealed


class LiveDuckDB(Live, DuckDBResource):
    """Opens the file for writing, with other files, extensions and the network out of its reach."""

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection, closed at the end. Raises `Fault` where the file may not be opened, or is held."""
        with closing(FramedConnection(self.opened())) as connection:
            yield cast("duckdb.DuckDBPyConnection", connection)


def native(found: Unsealed, held: ExitStack) -> LiveDuckDB:  # noqa: ARG001  nothing is open between connections
    """Raises `Fault` FILE_NOT_ALLOWED where the operator lets no connector have that file."""
    open_ = catalogue.client_module(found.type).open_writer
    path = found.opening.door.check_path(found.opening.config.path or "", missing_ok=True)
    return LiveDuckDB.over(found.connector, lambda: open_(found.opening), database=str(path))


class _Tables(DuckDbClient):
    def __init__(self, resource: LiveDuckDB) -> None:
        self._resource = resource

    def connect(self, context: object, table_slice: object) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002  static at Dagster's, which calls it on an instance
        """Dagster names the schema in every statement."""
        return self._resource.get_connection()


class DuckDBConnectorIOManager(Tables):
    """Frames as tables of a DuckDB file, through a connector of the registry."""

    kind: ClassVar[type[DuckDBIOManager]]
    name: ClassVar[str] = "DuckDBIOManager"

    schema_: str | None = Field(
        default=None, alias="schema", description="Schema of assets whose key has no prefix."
    )

    def client_for(self, resource: Any) -> Any:  # noqa: ANN401  Dagster's own
        """Dagster's client of DuckDB's tables, over the live resource."""
        return _Tables(resource)

    def place(self, resource: Any) -> tuple[str, str | None]:  # noqa: ANN401  Dagster's own
        """The file, and the schema."""
        return resource.database, self.schema_
