"""`SnowflakeResource` for an account of the registry, and Dagster's IO managers over it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from dagster_snowflake import SnowflakeIOManager, SnowflakeResource
from dagster_snowflake.snowflake_io_manager import SnowflakeDbClient
from pydantic import Field

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.orchestration.native.live import Live
from kaireon_orch.orchestration.native.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from snowflake.connector import SnowflakeConnection
    from snowflake.snowpark import Session

    from kaireon_orch.orchestration.native.opening import Unsealed

DRIVERS_OWN = "snowflake"
"""The driver's name for its default way to log in: a field that must say something."""


class LiveSnowflake(Live, SnowflakeResource):
    """Its connections log in with the connector's credentials, which are in no field."""

    @contextmanager
    def get_connection(self, raw_conn: bool = True) -> Iterator[SnowflakeConnection]:  # noqa: ARG002  Dagster's
        """A connection: committed at the end unless something was raised, and closed. Raises `Fault` as `.client()`."""
        with self.connection_in(None) as connection:
            yield connection

    @contextmanager
    def connection_in(self, schema: str | None) -> Iterator[SnowflakeConnection]:
        """The same in `schema`; None: the connector's own."""
        with closing(self.opened(schema=schema)) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def create_snowpark_session(self) -> Iterator[Session]:
        """A Snowpark session over a connection of its own, closed at the end. Raises `Fault` as `.client()`."""
        from snowflake.snowpark import Session  # noqa: PLC0415  seconds to import, for those who ask

        with self.get_connection() as connection:
            session = Session.builder.configs({"connection": connection}).create()
            try:
                yield session
            finally:
                session.close()


def native(found: Unsealed, held: ExitStack) -> LiveSnowflake:  # noqa: ARG001  nothing is open between connections
    """Raises `Fault` MISSING_FIELDS, NOT_SUPPORTED, ADDRESS_BLOCKED; the login is the first connection's."""
    room = catalogue.client_module(found.type)
    config = found.opening.config
    room.check(found.opening)
    names = {
        "warehouse": config.warehouse,
        "database": config.database,
        "schema": config.schema_,
        "role": config.role,
    }
    return LiveSnowflake.over(
        found.connector,
        lambda schema=None: room.open_client(found.opening, schema=schema),
        account=config.account,
        user=getattr(found.opening.auth, "username", None) or "",
        authenticator=DRIVERS_OWN,
        **{name: value for name, value in names.items() if value},
    )


class _Tables(SnowflakeDbClient):
    def __init__(self, resource: LiveSnowflake) -> None:
        self._resource = resource

    def connect(self, context: object, table_slice: Any) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002  static at Dagster's, which calls it on an instance
        """In the slice's schema."""
        return self._resource.connection_in(table_slice.schema)


class SnowflakeConnectorIOManager(Tables):
    """Frames as tables of Snowflake, through a connector of the registry."""

    kind: ClassVar[type[SnowflakeIOManager]]
    name: ClassVar[str] = "SnowflakeIOManager"

    schema_: str | None = Field(
        default=None, alias="schema", description="Schema of assets whose key has no prefix."
    )
    store_timestamps_as_strings: bool = Field(
        default=False, description="As Dagster's own option of this name."
    )

    def client_for(self, resource: Any) -> Any:  # noqa: ANN401  Dagster's own
        """Dagster's client of Snowflake's tables, over the live resource."""
        return _Tables(resource)

    def place(self, resource: Any) -> tuple[str, str | None]:  # noqa: ANN401  Dagster's own
        """The connector's database, and the schema."""
        if not resource.database:
            raise Fault(
                FaultCode.MISSING_FIELDS, "The connector's database is needed: tables are made in it."
            )
        return resource.database, self.schema_
