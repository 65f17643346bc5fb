"""Read a DuckDB file, opened read-only with files, extensions and settings out of any query's reach."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.connectors.duckdb import binds, database, exact, types
from kaireon_orch.connectors.duckdb.misfits import outside
from kaireon_orch.connectors.duckdb.pieces import pieces
from kaireon_orch.contract.source import Check, Column, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.identity import has_opened, open_files
from kaireon_orch.families.sql import cursors
from kaireon_orch.families.sql.identifiers import literal, parse_name, quote
from kaireon_orch.families.sql.select import one_select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kaireon_orch.connectors.duckdb.spec import DuckdbConfig
    from kaireon_orch.connectors.duckdb.types import ReadAs
    from kaireon_orch.contract.binds import Binds, Value
    from kaireon_orch.contract.source_models import TableOrQuerySource

BATCH_ROWS = 4_096
_WORDLESS = "NaN|nan|Inf|inf"


def open_source(opening: Opening[DuckdbConfig]) -> DuckdbSource:
    """The file's opened end; opens the file when it is first asked for something."""
    return DuckdbSource(opening)


class DuckdbSource:
    """A DuckDB file as a source."""

    def __init__(self, opening: Opening[DuckdbConfig]) -> None:
        self._opening = opening
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._judged: BinaryIO | None = None

    def probe(self) -> Iterator[Check]:
        """The file, a query, and the table that the configuration names."""
        started = time.monotonic()
        connection = self._opened()
        yield _passed("file", "The file is a DuckDB database and can be opened.", started)
        started = time.monotonic()
        with database.faults():
            connection.execute("SELECT 1")
        yield _passed("query", "The database answers a query.", started)
        table = self._opening.config.source_table
        if table is not None:
            started = time.monotonic()
            with database.faults():
                connection.execute(f"SELECT * FROM {self._base(table, None)} LIMIT 0")  # noqa: S608  quoted
            yield _passed("object", f"The table {table} can be read.", started)

    def streams(self) -> Iterator[Stream]:
        """Tables and views, of the configured schema or of all."""
        connection, schema = self._opened(), self._opening.config.schema_
        with database.faults():
            found = connection.execute(
                "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal "
                "AND database_name = current_database() AND ($1 IS NULL OR schema_name = $1) UNION ALL "
                "SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal "
                "AND database_name = current_database() AND ($1 IS NULL OR schema_name = $1) ORDER BY 1, 2",
                (schema,),
            ).fetchall()
            for namespace, name, rows in found:
                yield _stream(connection, namespace, name, rows)

    def read(self, request: ReadRequest) -> Reading:
        """Describe the rows and open them. Raises OBJECT_MISSING, NOT_SUPPORTED, NOT_PERMITTED."""
        source = cast("TableOrQuerySource", request.source)
        connection = self._opened()
        query, values = _bound(source.query, request.binds)
        base = self._base(source.table, query)
        with database.faults():
            described = connection.execute(f"DESCRIBE SELECT * FROM {base}", values).fetchall()  # noqa: S608  as below
        _demand_once([row[0] for row in described])
        columns = [types.read_as(row[0], row[1]) for row in described]
        schema = pa.schema([column.field for column in columns])
        request = cursors.fitted(request, schema)
        projection = ", ".join(column.expression for column in columns)
        words = {row[0]: row[1] for row in described}
        place = _place(words)
        clauses = cursors.clauses(request, base, place)
        if source.table and not clauses and _has_row_ids(connection, base, words):
            batches = pieces(connection, projection, base)
        else:
            select = f"SELECT {projection} FROM {base}{clauses}"  # noqa: S608  quoted, or one checked SELECT
            batches = _streamed(connection, select, values)
        return Reading(
            schema,
            self._batches(batches, columns),
            column_types=words,
            figures={"rowsSkipped": _unmarked(connection, cursors.unmarked(request, base, place))},
        )

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A file is not told what was read of it."""

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        # Not before: the kernel would drop the connection's lock on the file with any descriptor of it.
        judged, self._judged = self._judged, None
        if judged is not None:
            judged.close()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connected()
        return self._connection

    def _connected(self) -> duckdb.DuckDBPyConnection:
        named = self._opening.config.path or ""
        path = self._opening.door.check_path(named)
        self._judged = self._opening.door.open_file(named)
        before = open_files()
        connection = database.connect(path, read_only=True, folder=self._opening.folder)
        if not has_opened(self._judged, before):
            connection.close()
            raise Fault(FaultCode.FILE_NOT_ALLOWED, "The file was replaced while it was opened.")
        return connection

    def _base(self, table: str | None, query: str | None) -> str:
        if query:
            _demand_select(query)
            return f"(\n{one_select(query)}\n) AS source"
        if not table:
            raise Fault(FaultCode.OBJECT_MISSING, "The pipeline's source names neither a table nor a query.")
        names = parse_name(table)
        schema = self._opening.config.schema_
        named = quote(schema, *names) if len(names) == 1 and schema else quote(*names)
        return f"{named} AS source"

    def _batches(
        self, batches: Iterator[pa.RecordBatch], columns: Sequence[ReadAs]
    ) -> Iterator[pa.RecordBatch]:
        """The rows; the file is let go of with the last one, so that a load into the same file can have it."""
        before = 0
        with database.faults():
            for batch in batches:
                yield _checked(batch, columns, before)
                before += batch.num_rows
        self.close()


def _bound(query: str | None, given: Binds | None) -> tuple[str | None, dict[str, Value] | None]:
    return (query, None) if not query or given is None else binds.bound(query, given)


def _streamed(
    connection: duckdb.DuckDBPyConnection, select: str, values: dict[str, Value] | None
) -> Iterator[pa.RecordBatch]:
    yield from connection.sql(select, params=values).to_arrow_reader(BATCH_ROWS)


def _has_row_ids(connection: duckdb.DuckDBPyConnection, base: str, words: Mapping[str, str]) -> bool:
    """A table has them, a view has not; a column of that name would hide them."""
    if any(name.lower() == "rowid" for name in words):
        return False
    try:
        connection.execute(f"SELECT rowid FROM {base} LIMIT 0").fetchall()  # noqa: S608  quoted
    except duckdb.BinderException:
        return False
    return True


def _place(words: Mapping[str, str]) -> cursors.Place:
    """Constants are cast to the column's own type, so that texts compare as texts and times as times."""

    def constant(column: str, value: Any) -> str:  # noqa: ANN401  a watermark's value, from JSON
        text = literal(str(value))
        return f"CAST({text} AS {words[column]})" if column in words else text

    def among(column: str, texts: Sequence[str]) -> str:
        return exact.among(cursors.of_source(column), words[column], texts)

    return cursors.Place(cursors.of_source, constant, among)


def _unmarked(connection: duckdb.DuckDBPyConnection, count: str | None) -> int:
    with database.faults():
        rows = [] if count is None else connection.execute(count).fetchall()
    return sum(int(row[0]) for row in rows)


def _demand_select(query: str) -> None:
    """DuckDB would run several statements one after another; its own parser says what the query is."""
    with database.faults():
        kinds = [statement.type for statement in duckdb.extract_statements(query)]
    if kinds != [duckdb.StatementType.SELECT]:
        raise Fault(FaultCode.NOT_SUPPORTED, "The query was not run: give one SELECT (or WITH … SELECT).")


def _demand_once(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Fault(
            FaultCode.BAD_DATA, f"The query gives two columns named {twice[0]!r}; name one of them with AS."
        )


def _checked(batch: pa.RecordBatch, columns: Sequence[ReadAs], before: int) -> pa.RecordBatch:
    arrays = []
    for column, array in zip(columns, batch.columns, strict=True):
        name = column.field.name
        _refuse(outside(arrow.storage(array)), name, before, "infinity")
        if column.is_nested:
            _refuse(
                _wordless(arrow.storage(array)), name, before, "NaN or infinity, which JSON does not have"
            )
        arrays.append(arrow.cast(array, column.field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([column.field for column in columns]))


def _wordless(texts: pa.Array) -> pa.Array | None:
    """True at each document with a number that JSON has no word for; DuckDB writes it all the same."""
    seen = pc.fill_null(pc.match_substring_regex(texts, _WORDLESS), fill_value=False)
    if not pc.any(seen, min_count=0).as_py():
        return None
    return pc.and_(seen, arrow.no_json(pc.if_else(seen, texts, "null")))


def _refuse(bad: pa.Array | None, name: str, before: int, what: str) -> None:
    at = -1 if bad is None else pc.index(bad, value=True).as_py()
    if at >= 0:
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"Column {name!r}, row {before + at + 1} holds {what}; cast it to text in a query.",
        )


def _stream(connection: duckdb.DuckDBPyConnection, namespace: str, name: str, rows: int | None) -> Stream:
    described = connection.execute(f"DESCRIBE {quote(namespace, name)}").fetchall()
    columns = tuple(
        Column(row[0], row[1], types.read_as(row[0], row[1]).field.type, row[2] == "YES", row[3] == "PRI")
        for row in described
    )
    key = tuple(column.name for column in columns if column.key)
    return Stream(name, namespace, columns, key, rows, cursors.candidates(columns))


def _passed(name: str, message: str, started: float) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round((time.monotonic() - started) * 1000))
