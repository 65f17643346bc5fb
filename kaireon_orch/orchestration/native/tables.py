"""Dagster's IO managers of database tables, whose connections come from a connector of the registry.

Dagster's own take account, user and password as fields and make their connections from these. Here the field is the
connector's name, and what an IO manager does with a table stays Dagster's: its type handlers and its SQL.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dagster import ConfigurableIOManagerFactory, InitResourceContext
from pydantic import Field

from kaireon_orch.orchestration.internals import DbIOManager
from kaireon_orch.orchestration.native.resource import native

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T", bound="Tables")


class Tables(ConfigurableIOManagerFactory[Any]):
    """What the IO managers of a vendor have in common; `kind` is Dagster's own class, `name` what its errors call it."""

    kind: ClassVar[Any]
    name: ClassVar[str]

    connector: str = Field(description="The connector's resource key or name.")

    def client_for(self, resource: Any) -> Any:  # noqa: ANN401  Dagster's own
        """Dagster's client of tables over the live resource."""
        raise NotImplementedError

    def place(self, resource: Any) -> tuple[str, str | None]:  # noqa: ANN401  Dagster's own
        """Database, and schema of what has none of its own."""
        raise NotImplementedError

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Any]:  # noqa: ARG002  Dagster's
        """The IO manager, until the run ends. Raises what `native` raises."""
        with ExitStack() as held:
            resource = native(self.connector, held)
            database, schema = self.place(resource)
            yield DbIOManager(
                type_handlers=self.kind.type_handlers(),
                default_load_type=self.kind.default_load_type(),
                db_client=self.client_for(resource),
                io_manager_name=self.name,
                database=database,
                schema=schema,
            )

    def create_io_manager(self, context: InitResourceContext) -> Any:  # noqa: ANN401  Dagster's signature
        raise NotImplementedError  # Dagster asks `yield_for_execution`


def io_manager(of: type[T], kind: type, connector: str, **options: object) -> T:
    """An IO manager of Dagster's class `kind` for `Definitions`: the connector's name and the options are its fields."""
    given = {name: value for name, value in options.items() if value is not None}
    named: Any = type(
        kind.__name__, (of,), {"kind": kind, "__doc__": of.__doc__, "__module__": of.__module__}
    )
    made: T = named(connector=connector, **given)
    return made
