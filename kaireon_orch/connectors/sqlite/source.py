"""Read an SQLite file, opened read-only: one read transaction, every value checked against its column's type."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_sqlite import StatementOptions, dbapi

from kaireon_orch.connectors.sqlite.binds import bound
from kaireon_orch.connectors.sqlite.types import ReadAs, place_of, read_as
from kaireon_orch.contract.source import Check, Column, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.arrow import SHOWN_CHARACTERS
from kaireon_orch.families.files.identity import has_opened, open_files
from kaireon_orch.families.sql import cursors
from kaireon_orch.families.sql.identifiers import literal, parse_name, quote
from kaireon_orch.families.sql.select import one_select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kaireon_orch.connectors.sqlite.spec import SqliteConfig
    from kaireon_orch.contract.binds import Binds
    from kaireon_orch.contract.source_models import TableOrQuerySource
    from kaireon_orch.contract.spec import SourceModel

BATCH_ROWS = 20_000
BATCH_BYTES = 64 << 20
MIN_BATCH_ROWS = 16
BUSY_MILLISECONDS = 10_000
MAGIC = b"SQLite format 3\x00"
MISFIT = "kaireon misfit"
VIEW = "kaireon_source"


def open_source(opening: Opening[SqliteConfig]) -> SqliteSource:
    """The file's opened end; opens the file when it is first asked for something."""
    return SqliteSource(opening)


class SqliteSource:
    """An SQLite file as a source."""

    def __init__(self, opening: Opening[SqliteConfig]) -> None:
        self._opening = opening
        self._connection: dbapi.Connection | None = None

    def probe(self) -> Iterator[Check]:
        """The file, and the table that the configuration names."""
        started = time.monotonic()
        self._rows("PRAGMA schema_version")
        yield _passed("file", "The file is an SQLite database and can be read.", started)
        table = self._opening.config.source_table
        if table is not None:
            started = time.monotonic()
            self._rows(f"SELECT 1 FROM {_named(table)} LIMIT 1")  # noqa: S608  quoted
            yield _passed("object", f"The table {table} can be read.", started)

    def streams(self) -> Iterator[Stream]:
        """Tables and views of the file."""
        found = self._rows(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "ORDER BY name"
        )
        for (name,) in found:
            yield self._stream(str(name))

    def read(self, request: ReadRequest) -> Reading:
        """Describe the rows and open them. Raises OBJECT_MISSING, NOT_SUPPORTED; BAD_DATA on the way."""
        source = cast("TableOrQuerySource", request.source)
        base, described = self._described(source.table, self._bound(source.query, request.binds))
        types = self._types(request, base, described)
        request, place = cursors.fitted(request, pa.schema(types)), place_of(dict(types))
        rows = f"{base}{cursors.clauses(request, base, place)}"
        if request.cursor is not None and request.row_limit is None:
            rows += " LIMIT -1"  # without a limit SQLite may drop the order of a part of a query
        columns = self._columns(rows, described)
        return Reading(
            pa.schema([column.field for column in columns]),
            self._batches(columns, rows, dict(described)),
            column_types=dict(described),
            figures={"rowsSkipped": self._unmarked(cursors.unmarked(request, base, place))},
        )

    def indexed(self, source: SourceModel) -> frozenset[str] | None:
        """See `contract.source.Indexed`: the row's own number is one of them."""
        wanted = cast("TableOrQuerySource", source)
        if wanted.query or not wanted.table:
            return None
        name = literal(parse_name(wanted.table)[-1])
        kinds = self._rows(f"SELECT type FROM sqlite_schema WHERE name = {name} AND type = 'table'")  # noqa: S608  quoted
        if not kinds:
            return None
        own = self._rows(
            f"SELECT name FROM pragma_table_info({name}) WHERE pk = 1 AND upper(type) = 'INTEGER'"  # noqa: S608  quoted
        )
        first = self._rows(
            f"SELECT c.name FROM pragma_index_list({name}) AS i, pragma_index_info(i.name) AS c "  # noqa: S608  quoted
            "WHERE NOT i.partial AND c.seqno = 0 AND c.name IS NOT NULL"
        )
        return frozenset(str(row[0]) for row in (*own, *first))

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A file is not told what was read of it."""

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> dbapi.Connection:
        if self._connection is None:
            named = self._opening.config.path or ""
            path = self._opening.door.check_path(named)
            with self._opening.door.open_file(named) as judged:
                _demand_sqlite(judged)
                before = open_files()
                self._connection = _connected(path)
                if not has_opened(judged, before):
                    self.close()
                    raise Fault(FaultCode.FILE_NOT_ALLOWED, "The file was replaced while it was opened.")
        return self._connection

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with _faults(), self._opened().cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    def _described(self, table: str | None, query: str | None) -> tuple[str, list[tuple[str, str]]]:
        """What to select from, and names and declared types of its columns."""
        if query:
            # A view of the query tells the declared types of the columns that it passes through.
            wrapped = f"AS SELECT * FROM (\n{one_select(query)}\n)"  # noqa: S608  one checked SELECT
            self._execute(f"DROP VIEW IF EXISTS temp.{VIEW}")
            self._execute(f"CREATE TEMPORARY VIEW {VIEW} {wrapped}")
            self._demand_whole(wrapped)
            base, pragma = VIEW, f"PRAGMA temp.table_info({VIEW})"
        elif table:
            base = _named(table)
            pragma = f"PRAGMA table_info({literal(parse_name(table)[-1])})"
        else:
            raise Fault(FaultCode.OBJECT_MISSING, "The pipeline's source names neither a table nor a query.")
        found = [(str(row[1]), str(row[2])) for row in self._rows(pragma)]
        if not found:
            raise Fault(FaultCode.OBJECT_MISSING, "The table does not exist in this file.")
        return f"{base} AS source", found

    def _bound(self, query: str | None, binds: Binds | None) -> str | None:
        if not query or binds is None:
            return query
        with _faults():
            return bound(self._opened(), one_select(query), binds)

    def _demand_whole(self, wrapped: str) -> None:
        """SQLite runs the first statement and leaves the rest: the query ended where it seemed to go on."""
        taken = self._rows(f"SELECT sql FROM temp.sqlite_schema WHERE name = {literal(VIEW)}")  # noqa: S608  quoted
        if not taken or not str(taken[0][0]).endswith(wrapped):
            raise Fault(FaultCode.NOT_SUPPORTED, "The query was not run: give one SELECT (or WITH … SELECT).")

    def _execute(self, statement: str) -> None:
        with _faults(), self._opened().cursor() as cursor:
            cursor.execute(statement)

    def _unmarked(self, count: str | None) -> int:
        return 0 if count is None else int(self._rows(count)[0][0])

    def _columns(self, rows: str, described: Sequence[tuple[str, str]]) -> list[ReadAs]:
        classes = self._classes(rows, [name for name, declared in described if _is_vague(rows, declared)])
        found = {name: of - {"null"} for name, of in classes.items()}
        return [
            read_as(name, "" if found.get(name) else declared, classes.get(name, frozenset()))
            for name, declared in described
        ]

    def _types(
        self, request: ReadRequest, base: str, described: Sequence[tuple[str, str]]
    ) -> list[tuple[str, pa.DataType]]:
        """The columns' types; that of a window's column which declares none is found on all rows."""
        wanted = None if request.window is None else request.window.column
        untyped = [name for name, declared in described if name == wanted and not declared.strip()]
        classes = self._classes(base, untyped)
        return [
            (name, read_as(name, declared, classes.get(name, frozenset())).field.type)
            for name, declared in described
        ]

    def _classes(self, rows: str, names: Sequence[str]) -> dict[str, frozenset[str]]:
        """The storage classes of the columns that declare no type, over all rows that will be read."""
        if not names:
            return {}
        asked = ", ".join(f"group_concat(DISTINCT typeof({quote(name)}))" for name in names)
        answer = self._rows(f"SELECT {asked} FROM (SELECT * FROM {rows})")[0]  # noqa: S608  quoted
        return {name: frozenset((found or "").split(",")) for name, found in zip(names, answer, strict=True)}

    def _batches(
        self, columns: Sequence[ReadAs], rows: str, declared: dict[str, str]
    ) -> Iterator[pa.RecordBatch]:
        before = 0
        with _faults(), self._opened().cursor() as cursor:
            size = self._batch_rows(columns, rows)
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: str(size)})
            cursor.execute(_select(columns, rows))
            for position, batch in enumerate(cursor.fetch_record_batch()):
                own = batch.slice(1) if position == 0 else batch
                yield _checked(own, columns, before, declared)
                before += own.num_rows

    def _batch_rows(self, columns: Sequence[ReadAs], rows: str) -> int:
        """The driver counts rows, not bytes: fewer of them where values are long, which a small file cannot have many of."""
        long = [column for column in columns if _is_long(column.field.type)]
        pages = self._rows("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")[0][0]
        if not long or pages < BATCH_BYTES:
            return BATCH_ROWS
        lengths = " + ".join(f"ifnull(octet_length({quote(column.field.name)}), 0)" for column in long)
        widest = self._rows(f"SELECT max({lengths}) FROM (SELECT * FROM {rows})")[0][0]  # noqa: S608  quoted
        return max(MIN_BATCH_ROWS, min(BATCH_ROWS, BATCH_BYTES // max(widest or 0, 1)))

    def _stream(self, name: str) -> Stream:
        described = self._rows(f"PRAGMA table_info({literal(name)})")
        columns = tuple(
            Column(
                str(row[1]),
                str(row[2]),
                read_as(str(row[1]), str(row[2]), frozenset()).field.type,
                nullable=not row[3],
                key=bool(row[5]),
            )
            for row in described
        )
        ranked = sorted((row[5], str(row[1])) for row in described if row[5])
        return Stream(name, None, columns, tuple(key for _, key in ranked), None, cursors.candidates(columns))


def _connected(path: Path) -> dbapi.Connection:
    """The file, read-only; what a stranger wrote into its schema may call harmless functions alone."""
    with _faults():
        connection = dbapi.connect(f"{path.as_uri()}?mode=ro")
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
            cursor.execute("PRAGMA trusted_schema = OFF")
    return connection


def _demand_sqlite(file: BinaryIO) -> None:
    """SQLite's file format begins with these 16 bytes; an empty file is an empty database."""
    head = file.read(len(MAGIC))
    if head and head != MAGIC:
        raise Fault(FaultCode.BAD_DATA, "The file is no SQLite database.")


def _named(table: str) -> str:
    return quote(*parse_name(table)[-2:])


def _select(columns: Sequence[ReadAs], rows: str) -> str:
    """Our own first row, which fixes the driver's types, then the rows; each says which column misfits, and by what."""
    first = ", ".join(f"{column.sentinel} AS {quote(column.field.name)}" for column in columns)
    values = ", ".join(f"{column.expression} AS {quote(column.field.name)}" for column in columns)
    misfits = " ".join(
        f"WHEN {column.misfit} THEN '{at} ' || substr(quote({quote(column.field.name)}), 1, {SHOWN_CHARACTERS})"
        for at, column in enumerate(columns)
    )
    return (
        f"SELECT {first}, '' AS \"{MISFIT}\" UNION ALL SELECT * FROM "  # noqa: S608  quoted, or one checked SELECT
        f'(SELECT {values}, CASE {misfits} END AS "{MISFIT}" FROM {rows})'
    )


def _checked(
    batch: pa.RecordBatch, columns: Sequence[ReadAs], before: int, declared: dict[str, str]
) -> pa.RecordBatch:
    bad = batch.column(len(columns))
    if bad.null_count < len(bad):
        at = pc.index(bad.is_null(), value=False).as_py()
        column, value = bad.view(pa.binary())[at].as_py().split(b" ", 1)
        raise _misfit(columns[int(column)], before + at, declared, value.decode(errors="replace"))
    arrays = [
        _typed(array, column, before, declared) for array, column in zip(batch.columns, columns, strict=False)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([column.field for column in columns]))


def _typed(array: pa.Array, column: ReadAs, before: int, declared: dict[str, str]) -> pa.Array:
    type_ = column.field.type
    try:
        array.validate(full=True)  # SQLite does not check that its texts are UTF-8
        return arrow.cast(array, type_)
    except pa.ArrowInvalid:
        raw = array.view(pa.binary()) if pa.types.is_string(array.type) else array
        at = arrow.first_misfit(raw, pa.string()) or arrow.first_misfit(array, type_) or 0
    value = raw[at].as_py()
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    raise _misfit(column, before + at, declared, arrow.shown(text))


def _misfit(column: ReadAs, at: int, declared: dict[str, str], value: str) -> Fault:
    name = column.field.name
    words = declared.get(name) or arrow.type_words(column.field.type)
    return Fault(
        FaultCode.BAD_DATA,
        f"Column {name!r}, row {at + 1}: {value} is not what the column's type {words} says; SQLite keeps such values "
        "all the same. Change the value, or cast the column in a query.",
    )


def _is_vague(rows: str, declared: str) -> bool:
    """Whether a column may hold anything: it declares no type, or passes through a view, where SQLite calls that BLOB."""
    return not declared.strip() or (declared == "BLOB" and rows.startswith(VIEW))


def _is_long(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_binary(type_))


def _passed(name: str, message: str, started: float) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round((time.monotonic() - started) * 1000))


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what the driver raises inside into faults; its classes say little, so the words cover what there is."""
    try:
        yield
    except adbc_driver_manager.ProgrammingError:
        raise Fault(
            FaultCode.OBJECT_MISSING,
            "SQLite does not accept the query: a table or column in it does not exist, or its syntax is wrong.",
        ) from None
    except adbc_driver_manager.Error:
        raise Fault(
            FaultCode.BUSY, "The file could not be read: another program holds it, or it is damaged."
        ) from None
    except OSError:
        raise Fault(
            FaultCode.BAD_DATA, "A value changed its type while the rows were read; try again."
        ) from None
