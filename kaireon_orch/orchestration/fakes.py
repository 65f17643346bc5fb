"""Fakes for the tests of jobs: a connector whose tables are in memory, and a target that can be looked into.

Behind both is a DuckDB file in a private folder, so that queries run, loads keep their promises, and errors are those of
a real connector; no server, registry, child or Dagster instance is needed.
"""

from __future__ import annotations

import math
import shutil
import weakref
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from dagster.components.lib.sql_component.sql_client import SQLClient

from kaireon_orch import catalogue
from kaireon_orch.contract.binds import binds_of
from kaireon_orch.contract.source import Opening, ReadRequest
from kaireon_orch.contract.target import Executing
from kaireon_orch.control.previews import StreamView
from kaireon_orch.control.views import CheckView, TestResult
from kaireon_orch.families.sql.identifiers import parse_name, quote
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.orchestration.load_modes import mode_of
from kaireon_orch.orchestration.reading import Rows, source_object
from kaireon_orch.worker.discover import stream_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch.contract.binds import Binds, Params
    from kaireon_orch.contract.source import Source
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.contract.target import Target
    from kaireon_orch.errors import Fault
    from kaireon_orch.orchestration.load_modes import Mode
    from kaireon_orch.orchestration.writing import ArrowStream, Written

TYPE = "duckdb"


class FakeConnector(SQLClient):
    """A connector of that resource key with `tables` by name (`orders`, `sales.orders`), for tests.

    It has the methods of `ko.Connector` and of SQL connectors (DuckDB's dialect), and may be a pipeline's source or
    target within `ko.override`. With `fault` every use of it raises that.
    """

    def __init__(
        self,
        connector: str,
        tables: Mapping[str, ArrowStream] | None = None,
        *,
        fault: Fault | None = None,
    ) -> None:
        self.connector = connector
        self._fault = fault
        self.folder = mkdtemp(prefix="kaireon-fake-")
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._door = _door(self.folder)
        self._given = dict(tables or {})
        self._store(self._given)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connector!r})"

    def probe(self) -> TestResult:
        """What a test of a connection answers that works; raises the `fault`."""
        self._demand()
        check = CheckView(name="query", ok=True, message="The fake answers.", latency_ms=0)
        return TestResult(
            success=True,
            status="active",
            message="The connection works.",
            code="OK",
            latency_ms=0,
            checks=[check],
            connector=None,
            auth_config={},
        )

    def discover(self) -> list[StreamView]:
        """Its tables with their columns."""
        with closing(self.source()) as source:
            return [StreamView.model_validate(stream_words(stream)) for stream in source.streams()]

    def read(
        self, source: str | Mapping[str, Any] | None = None, *, row_limit: int | None = None
    ) -> pa.RecordBatchReader:
        """As `ko.Connector.read`: a table that was given comes back in its own Arrow types. Raises `Fault`."""
        wanted = source_object(catalogue.spec(TYPE), source)
        return self._read(wanted, row_limit, None)

    def _read(
        self, wanted: Mapping[str, Any], row_limit: int | None, binds: Binds | None
    ) -> pa.RecordBatchReader:
        import pyarrow as pa  # noqa: PLC0415  not for who only looks at what there is

        request = ReadRequest(self.source_model(wanted), row_limit=row_limit or None, binds=binds)
        with closing(self.source()) as opened:
            reading = opened.read(request)
            rows = pa.Table.from_batches(reading.batches, reading.schema)
        return self._as_given(wanted, rows).to_reader()

    def query(self, sql: str, params: Params | None = None, *, row_limit: int | None = None) -> Rows:
        """As `ko.SqlConnector.query`, in DuckDB's dialect. Raises the same."""
        binds = None if params is None else binds_of(params)
        return Rows(lambda: self._read({"query": sql}, row_limit, binds), sql)

    def connect_and_execute(self, sql: str) -> None:
        """As `ko.SqlConnector.connect_and_execute`, in DuckDB's dialect. Raises the same."""
        target = self.target()
        if isinstance(target, Executing):
            target.execute(sql, lambda: False)

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
        """As `ko.Connector.write`: a real load, in this process. Raises `Fault`."""
        from kaireon_orch.orchestration.fake_loads import written  # noqa: PLC0415  the movers, for loads alone

        return written(self, rows, (schema, table), mode_of(mode, key), load_id)

    def table(self, name: str) -> pa.Table:
        """The rows of a table as it is now. Raises `Fault` OBJECT_MISSING."""
        return self.read(name).read_all()

    @property
    def path(self) -> Path:
        """The DuckDB file."""
        return Path(self.folder) / "fake.duckdb"

    def source_model(self, source: Mapping[str, Any]) -> SourceModel:
        """A pipeline's `source` in the form of its type."""
        return catalogue.spec(TYPE).source.model_validate(source)

    def source(self) -> Source:
        """The opened end to read from."""
        self._demand()
        return catalogue.source(TYPE)(self._opening())

    def target(self) -> Target:
        """The opened end to load into."""
        self._demand()
        return catalogue.target(TYPE)(self._opening())

    def _opening(self) -> Opening[Any]:
        config = catalogue.spec(TYPE).config.model_validate({"path": str(self.path)})
        return Opening(config=config, auth_method="none", auth=None, door=self._door, folder=self.folder)

    def _demand(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _store(self, tables: Mapping[str, ArrowStream]) -> None:
        import duckdb  # noqa: PLC0415  as Arrow
        import pyarrow as pa  # noqa: PLC0415  as above

        with duckdb.connect(str(self.path)) as database:
            database.execute("SET TimeZone = 'UTC'")
            for name, rows in tables.items():
                parts = parse_name(name)
                if len(parts) > 1:
                    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(parts[0])}")
                database.register("given", pa.table(rows))
                database.execute(f"CREATE TABLE {'.'.join(map(quote, parts))} AS FROM given")
                database.unregister("given")

    def _as_given(self, wanted: Mapping[str, Any], rows: pa.Table) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415  as above

        given = self._given.get(str(wanted.get("table")))
        return rows if given is None else rows.cast(pa.table(given).schema)


class MemoryTarget(FakeConnector):
    """An empty target for tests; what was loaded is in `table(name)`."""

    def __init__(self, connector: str = "memory") -> None:
        super().__init__(connector)


def _door(folder: str) -> ChildDoor:
    """A door to that folder alone."""
    policy = Policy(files=(folder,))
    return ChildDoor(policy, Deadline.after(math.inf), Refusals.beside(Path(folder)), kernel=False)
