"""Load into a DuckDB file: rows wait in a spool without any lock, then one short transaction takes them all."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

import duckdb
import pyarrow as pa

from kaireon_orch.connectors.duckdb import database, swap, types
from kaireon_orch.connectors.duckdb.lock import file_lock
from kaireon_orch.connectors.duckdb.merging import Settling
from kaireon_orch.contract.load import (
    LEDGER_TABLE,
    REJECTS_SCHEMA,
    Committed,
    LedgerEntry,
    LoadMode,
    Misfit,
    Rejects,
    TableName,
    TableShape,
    TargetColumn,
    WritePlan,
    rejects_name,
)
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.arrow import tag
from kaireon_orch.families.sql import ledger, merge, rejects
from kaireon_orch.families.sql.cursors import window_condition
from kaireon_orch.families.sql.identifiers import quote, quote_all
from kaireon_orch.families.sql.ledger import LedgerSql
from kaireon_orch.families.sql.merge import Merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kaireon_orch.connectors.duckdb.spec import DuckdbConfig
    from kaireon_orch.contract.source import Opening

T = TypeVar("T")

DEFAULT_SCHEMA = "main"
SPOOL = "kaireon_spool"
AFTER_ANOTHER = frozenset({LoadMode.INCREMENTAL_WATERMARK, LoadMode.SCD2})
"""Modes whose rows were read for a table as the pipeline's last load left it."""

_UTC = "strftime(committed_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"


def open_target(opening: Opening[DuckdbConfig]) -> DuckdbTarget:
    """The file as a target; it and its folder are judged, and nothing is opened yet. Raises `Fault` FILE_NOT_ALLOWED."""
    config = opening.config
    if config.path is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The target needs a path.")
    path = opening.door.check_path(config.path, missing_ok=True)
    return DuckdbTarget(path, config.schema_ or DEFAULT_SCHEMA, opening.folder)


class DuckdbTarget:
    """A DuckDB file as a target."""

    def __init__(self, path: Path, schema: str, folder: str) -> None:
        self._path = path
        self._schema = schema
        self._folder = folder

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
        named = TableName(table.schema or self._schema, table.name)
        return DuckdbLoad(self._path, named, self._folder, cancelled)

    def clean_up(self, table: TableName) -> None:  # noqa: ARG002  what may be left is the file's, not a table's
        """A file that was being made when its maker died is removed; spools have no name and vanish by themselves."""
        with file_lock(self._path, lambda: False):
            _new(self._path).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing stays open between steps."""


def _new(path: Path) -> Path:
    return path.with_name(path.name + ".new")


class DuckdbLoad:
    """One load: describe, spool, and one transaction at the end."""

    def __init__(self, path: Path, table: TableName, folder: str, cancelled: Callable[[], bool]) -> None:
        self._path = path
        self._table = table
        self._folder = folder
        self._cancelled = cancelled
        self._sql = LedgerSql(table.schema or DEFAULT_SCHEMA, "?", _UTC)
        self._held = ExitStack()
        self._spool: BinaryIO | None = None
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._plan: WritePlan | None = None
        self._seen: TableShape | None = None
        self._rejects: Rejects | None = None
        self._last: tuple[str, str | None] | None = None
        self._written = 0

    def ledger_entry(self, load_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        return self._looked(lambda connection: self._find(connection, load_id))

    def last_entry(self, pipeline_id: str) -> LedgerEntry | None:
        """See `contract.target.Load`."""
        last = self._looked(lambda connection: self._newest(connection, pipeline_id))
        self._last = (pipeline_id, None if last is None else last.load_id)
        return last

    def _newest(self, connection: duckdb.DuckDBPyConnection, pipeline_id: str) -> LedgerEntry | None:
        if not self._has(connection, LEDGER_TABLE):
            return None
        parameters = (pipeline_id, str(self._table))
        return ledger.entry(connection.execute(self._sql.last(), parameters).fetchone())

    def describe(self) -> TableShape | None:
        """See `contract.target.Load`."""
        self._seen = self._looked(self._shape)
        return self._seen

    def prepare(self, plan: WritePlan) -> None:
        """Open the spool beside the file; it has no name, so nothing of it outlives this process."""
        self._plan = plan
        if _swaps(plan):
            self._looked(lambda connection: swap.refuse(connection, self._table.name))
        self._spool = cast(
            "BinaryIO",
            self._held.enter_context(tempfile.TemporaryFile(dir=self._path.parent)),  # noqa: SIM115  held by the exit stack
        )
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_stream(self._spool, _wire(plan), options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows to the spool. Raises `Fault` TARGET_REFUSED when the disk is full."""
        _, writer, plan = self._opened()
        try:
            writer.write_batch(merge.numbered(batch, self._written) if _meets(plan) else batch)
        except OSError:
            raise Fault(
                FaultCode.TARGET_REFUSED, "The disk is full: the rows could not be spooled."
            ) from None
        self._written += batch.num_rows

    def misfits(self, batch: pa.RecordBatch) -> list[Misfit]:  # noqa: ARG002  whatever fits the types is taken
        """See `contract.target.Quarantining`."""
        return []

    def quarantine(self, rejects: Rejects) -> None:
        """See `contract.target.Quarantining`."""
        self._rejects = rejects

    def commit(self, entry: LedgerEntry) -> Committed:
        """Take the lock, load the spool in one transaction, let go."""
        with file_lock(self._path, self._cancelled):
            _ensure_file(self._path, self._folder)
            try:
                return self._committed(entry, database.LOAD_MEMORY)
            except (duckdb.OutOfMemoryException, duckdb.TransactionException):
                pass  # nothing was committed, and the spool can be read again
            with database.faults():
                return self._committed(entry, database.LARGE_MEMORY)

    def _committed(self, entry: LedgerEntry, memory: str) -> Committed:
        """One try. Raises what DuckDB raises about memory as it is, other things as faults."""
        connection = database.connect(self._path, read_only=False, folder=self._folder, memory=memory)
        try:
            return self._transaction(connection, entry)
        except (duckdb.OutOfMemoryException, duckdb.TransactionException):
            raise
        except duckdb.Error as error:
            raise database.fault(error) from None
        finally:
            connection.close()

    def abort(self) -> None:
        """Drop the spool."""
        self._held.close()
        self._spool = None

    def _transaction(self, connection: duckdb.DuckDBPyConnection, entry: LedgerEntry) -> Committed:
        connection.execute("BEGIN TRANSACTION")
        earlier = self._find(connection, entry.load_id)
        if earlier is not None:
            return Committed(earlier, None, already=True)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(self._sql.schema)}")
        self._demand_same_last(connection)
        if self._plan is not None:
            entry = self._loaded(connection, self._expected(connection), entry)
        if self._rejects is not None:
            self._insert_rejects(connection, self._rejects)
        connection.execute(self._sql.create())
        connection.execute(self._sql.insert(), ledger.values(entry))
        rows = self._count(connection)
        committed = self._find(connection, entry.load_id) or entry
        connection.execute("COMMIT")
        return Committed(committed, rows)

    def _count(self, connection: duckdb.DuckDBPyConnection) -> int | None:
        if self._plan is None:
            return None
        rows = connection.execute(f"SELECT count(*) FROM {self._name}").fetchone()  # noqa: S608  quoted
        return None if rows is None else int(rows[0])

    def _expected(self, connection: duckdb.DuckDBPyConnection) -> WritePlan:
        """The plan; where another load made or changed the table meanwhile, what is left to do of it."""
        plan, shape = self._opened()[2], self._shape(connection)
        if shape == self._seen:
            return plan
        if shape is None or not _holds(shape, plan.schema):
            raise Fault(FaultCode.TABLE_BUSY, "The table was changed while the rows were read; try again.")
        return dataclasses.replace(plan, create=False, add=(), widen=())

    def _demand_same_last(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What was read after the pipeline's last load is loaded after that load, and no other."""
        if self._last is None or (self._plan is not None and self._plan.mode not in AFTER_ANOTHER):
            return
        pipeline_id, seen = self._last
        last = self._newest(connection, pipeline_id)
        if (None if last is None else last.load_id) != seen:
            raise Fault(
                FaultCode.TABLE_BUSY, "Another run of this pipeline loaded rows meanwhile; try again."
            )

    def _loaded(
        self, connection: duckdb.DuckDBPyConnection, plan: WritePlan, entry: LedgerEntry
    ) -> LedgerEntry:
        """Let the spooled rows become the table's; the entry with the rows that did."""
        if _swaps(plan) and not plan.create:
            made = swap.Swap.of(connection, self._sql.schema, self._table.name)
            made.rebuild(connection)
            self._apply(connection, dataclasses.replace(plan, replace=False))
            self._insert(connection)
            made.finish(connection)
            return entry
        self._apply(connection, plan)
        if not _meets(plan):
            self._insert(connection)
            return entry
        return entry.of_rows(self._settled(connection, plan))

    def _settled(self, connection: duckdb.DuckDBPyConnection, plan: WritePlan) -> int:
        with self._spooled(connection):
            values = {name: quote(name) for name in plan.schema.names}
            merged = Merge(merge.DUCKDB, self._name, SPOOL, values, plan.key, plan.cursor)
            named = (self._sql.schema, self._table.name)
            return Settling(connection, merged, plan, named).settle()

    def _apply(self, connection: duckdb.DuckDBPyConnection, plan: WritePlan) -> None:
        if plan.create:
            columns = ", ".join(f"{quote(field.name)} {types.native(field)}" for field in plan.schema)
            columns += f", {merge.version_columns()}" if plan.versions else ""
            connection.execute(f"CREATE TABLE {self._name} ({columns})")
        for name in plan.add:
            words = types.native(plan.schema.field(name))
            connection.execute(f"ALTER TABLE {self._name} ADD COLUMN {quote(name)} {words}")
        for name in plan.widen:
            words = types.native(plan.schema.field(name))
            connection.execute(f"ALTER TABLE {self._name} ALTER COLUMN {quote(name)} TYPE {words}")
        if plan.window is not None and not _meets(plan):
            connection.execute(f"DELETE FROM {self._name} WHERE {window_condition(plan.window)}")  # noqa: S608  quoted
        elif plan.replace:
            connection.execute(f"DELETE FROM {self._name}")  # noqa: S608  quoted

    def _insert(self, connection: duckdb.DuckDBPyConnection) -> None:
        names = quote_all(self._opened()[2].schema.names)
        with self._spooled(connection):
            connection.execute(f"INSERT INTO {self._name} ({names}) SELECT {names} FROM {SPOOL}")  # noqa: S608  quoted

    @contextmanager
    def _spooled(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The spooled rows as the relation `SPOOL`, to be read once."""
        spool, writer, _ = self._opened()
        writer.close()
        spool.seek(0)
        with pa.ipc.open_stream(spool) as reader:
            connection.register(SPOOL, reader)
            yield
            connection.unregister(SPOOL)

    def _insert_rejects(self, connection: duckdb.DuckDBPyConnection, rejected: Rejects) -> None:
        table, names = rejects_name(self._table), rejects.columns()
        name = quote(self._sql.schema, table.name)
        connection.execute(rejects.create(name))
        reader = pa.RecordBatchReader.from_batches(REJECTS_SCHEMA, rejected.batches())
        connection.register(SPOOL, reader)
        connection.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM {SPOOL}")  # noqa: S608  quoted
        connection.unregister(SPOOL)

    def _opened(self) -> tuple[BinaryIO, pa.ipc.RecordBatchStreamWriter, WritePlan]:
        if self._spool is None or self._writer is None or self._plan is None:
            raise Fault(FaultCode.UNEXPECTED, "The load was not prepared.")
        return self._spool, self._writer, self._plan

    @property
    def _name(self) -> str:
        return quote(self._sql.schema, self._table.name)

    def _looked(self, look: Callable[[duckdb.DuckDBPyConnection], T | None]) -> T | None:
        """What `look` sees in the committed file, under the lock so that no writer is in its way."""
        if not self._path.exists():
            return None
        with file_lock(self._path, self._cancelled):
            connection = database.connect(self._path, read_only=True, folder=self._folder)
            try:
                with database.faults():
                    return look(connection)
            finally:
                connection.close()

    def _find(self, connection: duckdb.DuckDBPyConnection, load_id: str) -> LedgerEntry | None:
        if not self._has(connection, LEDGER_TABLE):
            return None
        return ledger.entry(connection.execute(self._sql.find(), (load_id,)).fetchone())

    def _has(self, connection: duckdb.DuckDBPyConnection, table: str) -> bool:
        found = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
            (self._sql.schema, table),
        ).fetchone()
        return found is not None

    def _shape(self, connection: duckdb.DuckDBPyConnection) -> TableShape | None:
        rows = connection.execute(
            "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index",
            (self._sql.schema, self._table.name),
        ).fetchall()
        return TableShape(tuple(_column(*row) for row in rows)) if rows else None


def _meets(plan: WritePlan) -> bool:
    return plan.merges or plan.versions


def _swaps(plan: WritePlan) -> bool:
    return plan.mode is LoadMode.BLUE_GREEN and plan.replace and plan.window is None


def _wire(plan: WritePlan) -> pa.Schema:
    return plan.schema.append(merge.ORDINAL_FIELD) if _meets(plan) else plan.schema


def _holds(shape: TableShape, schema: pa.Schema) -> bool:
    """Whether the table has a column of the very type for each field."""
    found = {column.name: column.field for column in shape.columns}
    return all(
        field.name in found and found[field.name].type == field.type and tag(found[field.name]) == tag(field)
        for field in schema
    )


def _column(name: str, words: str, nullable: bool, default: str | None) -> TargetColumn:
    field = types.read_as(name, words).field.with_nullable(nullable)
    return TargetColumn(field, words, optional=nullable or default is not None)


def _ensure_file(path: Path, folder: str) -> None:
    """Make a missing file beside and rename it, so that a death in between leaves no half-made database."""
    if path.exists():
        return
    new = _new(path)
    database.connect(new, read_only=False, folder=folder).close()
    new.rename(path)
