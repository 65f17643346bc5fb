"""A connector as a Dagster resource, and alone in a script: it holds a name, and opens the rest when it is used."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field, PrivateAttr

from kaireon_orch import catalogue
from kaireon_orch.control import connectors, previews, probing, warehouse
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.pages import MAX_LIMIT
from kaireon_orch.errors import InvalidInput
from kaireon_orch.orchestration.brief import brief
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.overriding import fake_of
from kaireon_orch.orchestration.scrubbing import open_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.previews import StreamView
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import ConnectorView, TestResult
    from kaireon_orch.orchestration.load_modes import Mode
    from kaireon_orch.orchestration.writing import ArrowStream, Written


class Connector(ConfigurableResource[Any]):
    """A connector of the registry, by its resource key or name, of the tenant `KAIREON_TENANT`.

    Its credentials are opened for each use and go to the guarded child alone; nothing of them stays here.
    """

    type_slug: ClassVar[str | None] = None

    connector: str = Field(description="The connector's resource key or name.")
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    # Each class says this again, or type checkers make one up that takes keywords alone.
    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector=connector, **data)

    def __str__(self) -> str:
        return repr(self)

    def setup_for_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002  Dagster's signature
        """Fail a run at its start where the registry knows no such connector; raises NotFound."""
        if fake_of(self.connector) is None:
            with open_registry() as registry:
                self._found(registry)

    def teardown_after_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002  Dagster's signature
        """Close what `client()` and `native()` opened in the run."""
        self.close()

    def close(self) -> None:
        """Close what `client()` and `native()` opened; a run does it at its end, a script where it is done."""
        self._held.close()

    @brief
    def probe(self) -> TestResult:
        """Test the connection, as POST /connectors/test does; rate limit and breaker count it too."""
        if fake := fake_of(self.connector):
            return fake.probe()
        with open_registry() as registry:
            caller, found = self._found(registry)
            return probing.test_connector(registry, caller, {"id": found.id})

    @brief
    def discover(self) -> list[StreamView]:
        """What can be read: every table, file or topic with its columns. Raises `Fault`, NotFound, NotRunnable."""
        if fake := fake_of(self.connector):
            return fake.discover()
        with open_registry() as registry:
            caller, found = self._found(registry)
            return list(_streams(registry, caller, found.id))

    @brief
    def read(
        self, source: str | Mapping[str, Any] | None = None, *, row_limit: int | None = None
    ) -> pa.RecordBatchReader:
        """Stream `source` as Arrow batches through the guarded child; closing the reader ends the child.

        `source` is a `source` object as pipelines have it, or the name of what is read: a table, stream, topic,
        collection or index, a pattern of files; None: what the connector itself names. `row_limit` in rows, None: the
        type's own cap. Raises InvalidInput, naming the field, for a source that the type does not take; `Fault`, NotFound,
        SecretUnreadable.
        """
        from kaireon_orch.orchestration.reading import open_reader, source_of  # noqa: PLC0415  Arrow, for who reads

        if fake := fake_of(self.connector):
            return fake.read(source, row_limit=row_limit)
        with open_registry() as registry:
            opened = self._opened(registry)
            return open_reader(registry, opened, source_of(opened, source), row_limit)

    @brief
    def write(
        self,
        rows: ArrowStream | Iterable[pa.RecordBatch],
        table: str,
        *,
        schema: str | None = None,
        mode: Mode | str = "append",
        key: str | Sequence[str] | None = None,
        load_id: str | None = None,
    ) -> Written:
        """Load `rows` into a table of this connector in the guarded child: all or nothing, with a ledger entry.

        `rows` are an Arrow table or reader, a frame of polars or pandas, or record batches; they pass in constant
        memory. `schema` defaults to the connector's own. `mode` is one of `ko.Append()`, `ko.Upsert(key=…)`, … or its
        name in the API with a `key`. A `load_id` that was loaded before loads nothing again. Raises `Fault`, NotFound,
        SecretUnreadable; the table is then as it was.
        """
        from kaireon_orch.orchestration.load_modes import mode_of  # noqa: PLC0415  as the next
        from kaireon_orch.orchestration.writing import Wanted, write  # noqa: PLC0415  Arrow, for who writes

        if fake := fake_of(self.connector):
            return fake.write(rows, table, schema=schema, mode=mode, key=key, load_id=load_id)
        with open_registry() as registry:
            opened = self._opened(registry)
            where = schema or warehouse.own_schema(opened.type, opened.config)
            return write(registry, opened, rows, Wanted(table, where, mode_of(mode, key), load_id))

    def client(self) -> Any:  # noqa: ANN401  each class says which
        """The vendor's own client, logged in; closed when the run ends, or by `close()`.

        It is for what `read`, `query` and `write` do not do. It lives in this process and not in the guarded child, so
        it is held by less: its own connections, reconnections included, are judged like the child's, and one that is not
        allowed raises `Fault` before anything is sent. What this code makes of it (another client from its settings, an
        address that it reads out of the database) nobody judges, and the secrets are in this process's memory.
        `docs/native.md` tells it vendor by vendor.

        Raises `Fault`: NOT_SUPPORTED where the type has no client or cannot log in like this, NOT_READY without its
        driver, ADDRESS_BLOCKED, REFUSED, CREDENTIALS_REFUSED and others as `probe` tells them; NotFound,
        SecretUnreadable.
        """
        from kaireon_orch.orchestration.native.clients import open_client  # noqa: PLC0415  for who asks

        return open_client(self.connector, self._held)

    def native(self) -> Any:  # noqa: ANN401  each class says which
        """The resource of Dagster's own integration, filled from the registry; for this run, or until `close()`.

        Its fields and its `repr` hold no secret. For `Definitions`, and for what is built on a resource there, take
        `native_resource()`. Raises as `client()` does.
        """
        from kaireon_orch.orchestration.native.resource import native  # noqa: PLC0415  for who asks

        return native(self.connector, self._held)

    def native_resource(self) -> ConfigurableResource[Any]:
        """Dagster's own resource for `Definitions`: it holds the connector's name, and is `native()` in a run."""
        from kaireon_orch.orchestration.native.resource import NativeResource  # noqa: PLC0415  for who asks

        return NativeResource(connector=self.connector)

    def _found(self, registry: Registry) -> tuple[Caller, ConnectorView]:
        caller = Caller.operator(registry.settings.tenant)
        found = connectors.by_name(registry, caller.tenant, self.connector)
        if self.type_slug not in {None, found.type}:
            label = catalogue.spec(found.type).label
            raise InvalidInput(
                f"{self.connector} is a connector to {label}, not a {type(self).__name__}: take its own class, or ko.Connector."
            )
        return caller, found

    def _opened(self, registry: Registry) -> OpenedConnector:
        caller, found = self._found(registry)
        return open_known(registry, caller.tenant, found.id)


def _streams(registry: Registry, caller: Caller, connector_id: str) -> Iterator[StreamView]:
    cursor = None
    while True:
        page = previews.discover(registry, caller, connector_id, {"limit": MAX_LIMIT, "cursor": cursor})
        yield from page.data
        if (cursor := page.cursor) is None:
            return
