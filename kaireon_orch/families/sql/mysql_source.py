"""A MySQL or MariaDB database as a source: what the two types share, which is all of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import quote as url_quote

from kaireon_orch.contract.source import Check, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import (
    cursors,
    mysql_binds,
    mysql_catalog,
    mysql_probe,
    mysql_query,
    mysql_reading,
    mysql_session,
    mysql_tls,
)
from kaireon_orch.families.sql.identifiers import parse_name
from kaireon_orch.families.sql.mysql_query import quote
from kaireon_orch.families.sql.mysql_ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from kaireon_orch.contract.source_models import TableOrQuerySource
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.sql.mysql_catalog import MyTable
    from kaireon_orch.families.sql.mysql_reading import Projection
    from kaireon_orch.families.sql.mysql_session import Session
    from kaireon_orch.families.sql.mysql_types import MyType

SNAPSHOT: Final = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
NO_SNAPSHOT: Final = (
    "The table was read in ranges of its key over several connections, without a common snapshot: rows that changed "
    "meanwhile may be seen before or after. Set consistentSnapshot to read it over one."
)


class MysqlConfig(Protocol):
    """What a configuration says about the server and about how it is read."""

    host: str | None
    port: int | None
    database: str | None
    ssl_mode: str | None
    source_table: str | None
    zero_dates: str | None
    consistent_snapshot: bool | None


class MysqlSource:
    """A database as a source; connects when it is first asked for something."""

    def __init__(self, opening: Opening[Any]) -> None:
        self._opening = opening
        self._config: MysqlConfig = opening.config
        self._session: Session | None = None

    def probe(self) -> Iterator[Check]:
        """Resolve, connect, TLS, login, a query, and the table that the configuration names."""
        yield from mysql_probe.probe(self._opening)
        if self._opening.auth is None:
            return
        with mysql_session.connected(self._opening) as session:
            started = time.monotonic()
            session.execute("SELECT 1")
            yield _passed("query", "The server answers a query.", started)
            if self._config.source_table is not None:
                started = time.monotonic()
                session.execute(f"SELECT * FROM {quote(*self._names(self._config.source_table))} LIMIT 0")  # noqa: S608  quoted
                yield _passed("object", f"The table {self._config.source_table} can be read.", started)

    def streams(self) -> Iterator[Stream]:
        """What this user may read of the configured database."""
        with mysql_session.connected(self._opening) as session:
            yield from mysql_catalog.streams(session, self._config.database or "")

    def read(self, request: ReadRequest) -> Reading:
        """Describe the rows; ranges of the key where that is possible, else one snapshot over one connection."""
        source = cast("TableOrQuerySource", request.source)
        session = self._fresh()
        if source.query:
            select = mysql_query.checked_select(source.query)
            if request.binds is not None:
                select = mysql_binds.bound(select, request.binds)
            session.execute(SNAPSHOT)
            base = f"(\n{select}\n) AS source"
            types = mysql_catalog.query_types(session, f"SELECT * FROM {base} LIMIT 0")  # noqa: S608  one checked SELECT
            return self._streamed(session, base, self._projection(types), request)
        if not source.table:
            raise Fault(FaultCode.OBJECT_MISSING, "The pipeline's source names neither a table nor a query.")
        return self._table(session, self._names(source.table), request)

    def indexed(self, source: SourceModel) -> frozenset[str] | None:
        """See `contract.source.Indexed`."""
        wanted = cast("TableOrQuerySource", source)
        if wanted.query or not wanted.table:
            return None
        with mysql_session.connected(self._opening) as session:
            return mysql_catalog.indexed(session, *self._names(wanted.table))

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A database is not told what was read of it."""

    def close(self) -> None:
        """End the connection; what was not read of a result is not asked for."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _fresh(self) -> Session:
        self.close()
        self._session = mysql_session.connect(self._opening)
        return self._session

    def _table(self, session: Session, names: tuple[str, str], request: ReadRequest) -> Reading:
        base = f"{quote(*names)} AS source"
        found = mysql_catalog.table(session, *names)
        if found is None:
            session.execute(f"SELECT * FROM {base} LIMIT 0")  # noqa: S608  quoted; tells a missing table from a missing right
            raise Fault(
                FaultCode.OBJECT_MISSING, f"The table {names[1]} has no column that this user can see."
            )
        projection = self._projection(found.types())
        request = cursors.fitted(request, projection.schema)
        key, url = self._range_key(found, request), self._url(session)
        if key is None or url is None:
            session.execute(SNAPSHOT)
            return self._streamed(session, base, projection, request)
        where = cursors.clauses(
            replace(request, row_limit=None), base, mysql_query.place(_arrow_types(projection))
        )
        ranges = Ranges(url, base, key, where, request.row_limit, self._before_each())
        batches = ranges.batches(session, projection, request.batch_bytes)
        return Reading(projection.schema, batches, column_types=_words(projection), message=NO_SNAPSHOT)

    def _range_key(self, found: MyTable, request: ReadRequest) -> str | None:
        """The key to read by, where connectorx may connect: judged by the kernel."""
        wanted = request.cursor is None and not self._config.consistent_snapshot
        return found.range_key() if wanted and self._opening.door.judged() else None

    def _projection(self, types: list[tuple[str, MyType]]) -> Projection:
        return mysql_reading.projection(types, zero_as_null=self._config.zero_dates == "null")

    def _streamed(self, session: Session, base: str, of: Projection, request: ReadRequest) -> Reading:
        place = mysql_query.place(_arrow_types(of))
        request = cursors.fitted(request, of.schema)
        clauses = cursors.clauses(request, base, place)
        select = f"SELECT {of.expressions()} FROM {base}{clauses}"  # noqa: S608  quoted, or one checked SELECT
        figures = _skipped(session, cursors.unmarked(request, base, place))
        batches = mysql_reading.streamed(session, select, of, request.batch_bytes)
        return Reading(of.schema, batches, column_types=_words(of), figures=figures)

    def _before_each(self) -> tuple[str, ...]:
        return (
            "SET SESSION time_zone = '+00:00'",
            f"SET SESSION sql_mode = '{mysql_session.MODE}'",
            "SET SESSION TRANSACTION READ ONLY",
        )

    def _url(self, session: Session) -> str | None:
        """The address for connectorx: a judged one, every part quoted; None where its TLS would promise less than ours."""
        tls = mysql_tls.connectorx_options(self._opening, session.tls)
        if tls is None:
            return None
        auth = self._opening.auth
        user = getattr(auth, "username", None) or ""
        password = mysql_tls.opened(getattr(auth, "password", None)) or ""
        address = session.peer.addresses[0]
        host = f"[{address}]" if ":" in address else address
        login = f"{_quoted(user)}:{_quoted(password)}"
        database = _quoted(self._config.database or "")
        return f"mysql://{login}@{host}:{session.peer.port}/{database}?prefer_socket=false{tls}"

    def _names(self, text: str) -> tuple[str, str]:
        """Database and table. A name of three parts is none of MySQL's."""
        names = parse_name(text)
        if len(names) > 2:  # noqa: PLR2004  database, table
            raise Fault(
                FaultCode.OBJECT_MISSING, f"{text[:100]!r} names no table: MySQL has databases and tables."
            )
        return (self._config.database or "", names[0]) if len(names) == 1 else (names[0], names[1])


def _quoted(part: str) -> str:
    return url_quote(part, safe="")


def _arrow_types(of: Projection) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in of.schema}


def _words(of: Projection) -> dict[str, str]:
    return {name: type_.words for name, type_ in of.types}


def _skipped(session: Session, count: str | None) -> dict[str, int]:
    return {} if count is None else {"rowsSkipped": int(session.execute(count)[0][0])}


def _passed(name: str, message: str, started: float) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round((time.monotonic() - started) * 1000))
