"""Read PostgreSQL: one read-only snapshot for the catalogue and the rows, Arrow batches by ADBC."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, cast

import adbc_driver_manager
import pyarrow as pa
from psycopg import sql

from kaireon_orch.contract.source import Check, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import (
    cursors,
    libpq,
    pg_binds,
    pg_catalog,
    pg_keys,
    pg_reading,
    pg_session,
    sqlstate,
)
from kaireon_orch.families.sql.identifiers import literal, parse_name, quote
from kaireon_orch.families.sql.pg_arrow import ArrowConnection
from kaireon_orch.families.sql.pg_raw import CopyRows, raw_words
from kaireon_orch.families.sql.select import one_select

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from kaireon_orch.connectors.postgresql.spec import PostgresqlConfig
    from kaireon_orch.contract.source_models import TableOrQuerySource
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.sql.pg_catalog import Connection
    from kaireon_orch.families.sql.pg_reading import Projection
    from kaireon_orch.families.sql.pg_types import PgType

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
"""A load may take long, and its target may keep it waiting."""

BATCH_BYTES = 16 << 20
"""What the driver gathers before it hands over a batch; a few of them are in memory at once."""


def open_source(opening: Opening[PostgresqlConfig]) -> PostgresqlSource:
    """The database's opened end; connects when it is first asked for something."""
    return PostgresqlSource(opening)


class PostgresqlSource:
    """A PostgreSQL database as a source."""

    def __init__(self, opening: Opening[PostgresqlConfig]) -> None:
        self._opening = opening
        self._arrow: ArrowConnection | None = None
        self._held = ExitStack()

    def probe(self) -> Iterator[Check]:
        """Resolve, connect, TLS, login, a query, and the table that the configuration names."""
        yield from pg_session.probe(self._opening)
        if self._opening.auth is None:
            return
        with pg_session.connected(self._opening) as connection:
            started = time.monotonic()
            with pg_session.faults():
                connection.execute("SELECT 1")
            yield _passed("query", "The server answers a query.", started)
            table = self._opening.config.source_table
            if table is not None:
                started = time.monotonic()
                with pg_session.faults():
                    connection.execute(_none_of(self._base(table, None)))
                yield _passed("object", f"The table {table} can be read.", started)

    def streams(self) -> Iterator[Stream]:
        """What this user may read, of the configured schema or of all."""
        with pg_session.connected(self._opening) as connection, pg_session.faults():
            yield from pg_catalog.streams(connection, self._opening.config.schema_)

    def read(self, request: ReadRequest) -> Reading:
        """Describe the rows in a snapshot of their own. Raises OBJECT_MISSING, NOT_PERMITTED, NOT_SUPPORTED."""
        source = cast("TableOrQuerySource", request.source)
        base = self._base(source.table, source.query)
        connection = self._snapshot()
        if source.query and request.binds is not None:
            base = self._base(None, pg_binds.bound(connection, one_select(source.query), request.binds))
        with pg_session.faults():
            types = pg_catalog.result_types(connection, _none_of(base))
            projection = pg_reading.projection(types)
            request = cursors.fitted(request, projection.schema)
            place = pg_keys.place_of(dict(types))
            skipped = _unmarked(connection, cursors.unmarked(request, base, place))
        origin = base + cursors.clauses(request, base, place)
        required = () if source.query else [name for name, type_ in types if type_.required]
        return Reading(
            projection.schema,
            self._batches(connection, projection, origin),
            column_types={name: type_.words for name, type_ in types},
            figures={"rowsSkipped": skipped},
            raw=CopyRows(connection, origin, _raw_types(types), required),
            snapshot=_snapshot_words(connection),
        )

    def indexed(self, source: SourceModel) -> frozenset[str] | None:
        """See `contract.source.Indexed`."""
        wanted = cast("TableOrQuerySource", source)
        if wanted.query or not wanted.table:
            return None
        name = quote(*self._qualified(parse_name(wanted.table)))
        with pg_session.connected(self._opening) as connection, pg_session.faults():
            return pg_catalog.indexed(connection, name)

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A database is not told what was read of it."""

    def close(self) -> None:
        """Close the reading connections; their transactions end with them."""
        arrow, self._arrow = self._arrow, None
        if arrow is not None:
            arrow.close()
        self._held.close()

    def _snapshot(self) -> Connection:
        """A session in a transaction that sees one state and writes nothing; it stays open until the rows are read."""
        self.close()
        connection = self._held.enter_context(pg_session.connected(self._opening))
        with pg_session.faults():
            connection.autocommit = False
            connection.execute(SNAPSHOT)
            connection.execute(pg_binds.STANDARD_TEXTS)
            for limit in _LIMITS:
                connection.execute(f"SET LOCAL {limit} = 0".encode())
        return connection

    def _base(self, table: str | None, query: str | None) -> str:
        if query:
            return f"(\n{one_select(query)}\n) AS source"
        if not table:
            raise Fault(FaultCode.OBJECT_MISSING, "The pipeline's source names neither a table nor a query.")
        return f"{quote(*self._qualified(parse_name(table)))} AS source"

    def _qualified(self, names: tuple[str, ...]) -> tuple[str, ...]:
        config = self._opening.config
        if len(names) == 3 and names[0] != config.database:  # noqa: PLR2004  database, schema, table
            raise Fault(
                FaultCode.OBJECT_MISSING,
                f"The connection is to the database {config.database}, not to {names[0]}.",
            )
        named = names[-2:]
        return (config.schema_, *named) if len(named) == 1 and config.schema_ else named

    def _reader(self, connection: Connection) -> ArrowConnection:
        """A second connection that sees the same snapshot; the first one is not needed any more."""
        with pg_session.faults():
            snapshot = _exported(connection)
        reader = self._arrow = ArrowConnection(libpq.conninfo(*pg_session.login(self._opening)))
        reader.execute(SNAPSHOT)
        reader.execute(f"SET TRANSACTION SNAPSHOT {literal(snapshot)}")
        reader.execute("SET LOCAL statement_timeout = 0")
        reader.execute(pg_binds.STANDARD_TEXTS)
        connection.close()
        return reader

    def _batches(
        self, connection: Connection, projection: Projection, origin: str
    ) -> Iterator[pa.RecordBatch]:
        select = f"SELECT {projection.expressions()} FROM {origin}"  # noqa: S608  names are quoted, values are parameters
        with _adbc_faults():
            reader = self._reader(connection)
            with closing(self._fetched(reader, select)) as fetched:
                yield from pg_reading.batches(fetched, projection)

    def _fetched(self, reader: ArrowConnection, select: str) -> Generator[pa.RecordBatch, None, None]:
        """The driver's batches. A failure on the way comes without a code, so the connection is asked what is left."""
        try:
            with closing(reader.select(select, BATCH_BYTES)) as batches:
                yield from batches
        except (OSError, pa.ArrowInvalid):
            raise self._broken() from None

    def _broken(self) -> Fault:
        try:
            if self._arrow is not None:
                self._arrow.rollback()
        except adbc_driver_manager.Error:
            return sqlstate.fault(None)
        return Fault(
            FaultCode.BAD_DATA,
            "The query failed while rows were read: a calculation in it does not work for every row, it calls what may not be called here, or it was cancelled.",
        )


def _none_of(base: str) -> sql.SQL:
    return sql.SQL(f"SELECT * FROM {base} LIMIT 0")  # noqa: S608  quoted, or one checked SELECT


def _unmarked(connection: Connection, count: str | None) -> int:
    row = None if count is None else connection.execute(sql.SQL(count)).fetchone()
    return 0 if row is None else int(row[0])


def _raw_types(types: Sequence[tuple[str, PgType]]) -> dict[str, str]:
    found = ((name, raw_words(type_)) for name, type_ in types)
    return {name: words for name, words in found if words is not None}


def _exported(connection: Connection) -> str:
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    return str(row[0]) if row else ""


def _snapshot_words(connection: Connection) -> str | None:
    """Which transactions the snapshot sees, as the server writes it: `xmin:xmax:those still running`."""
    row = connection.execute("SELECT txid_current_snapshot()::text").fetchone()
    return f"txid {row[0]}" if row else None


def _passed(name: str, message: str, started: float) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round((time.monotonic() - started) * 1000))


@contextmanager
def _adbc_faults() -> Iterator[None]:
    try:
        yield
    except adbc_driver_manager.Error as error:
        raise sqlstate.fault(error.sqlstate) from None
