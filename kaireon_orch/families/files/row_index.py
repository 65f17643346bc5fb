"""Which rows of files make way when a load's rows meet them by key.

Only what is compared goes through an engine in memory, which writes to disk what is more than its share: a large table
takes no more memory than a small one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import duckdb
import pyarrow as pa

from kaireon_orch.contract.load import IS_CURRENT
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import nested

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY: Final = "96MB"
LARGE_MEMORY: Final = "4GB"
"""For what cannot be settled within `MEMORY`: very long values."""

_CONFIG: Final[dict[str, Any]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "threads": "1",
}
_GIVEN: Final = "given"

Side: TypeAlias = Literal["held", "came"]
Fate: TypeAlias = Literal["gone", "closed"]


@dataclass(slots=True)
class RowIndex:
    """Rows by `key`, each known by its file's number and its place in it; spills into `folder`.

    Of `came` rows with one key the one with the greatest `cursor` holds, else the last. `compared` are the columns
    that tell whether a version has changed.
    """

    folder: str
    key: Sequence[str]
    cursor: str | None = None
    compared: Sequence[str] = ()
    _names: dict[str, str] = field(default_factory=dict)
    _engine: duckdb.DuckDBPyConnection | None = None

    def __post_init__(self) -> None:
        self._names = {name: f"k{at}" for at, name in enumerate(self.key)}
        self._names |= {name: f"v{at}" for at, name in enumerate(self.compared)}

    def open(self, schema: pa.Schema) -> None:
        """Make its tables for rows of `schema`."""
        self._engine = engine(self.folder)
        empty = pa.RecordBatch.from_pylist([], schema)
        sides: tuple[Side, Side] = ("held", "came")
        for side in sides:
            self._engine.register(_GIVEN, pa.Table.from_batches([self._row_keys(empty, side, 0, 0)]))
            self._run(f"CREATE TABLE {side} AS SELECT * FROM {_GIVEN}")  # noqa: S608  names of this module
        for fate in ("gone", "closed"):
            self._run(f"CREATE TABLE {fate} (file INTEGER, nth BIGINT)")

    def columns(self, side: Side) -> tuple[str, ...]:
        """What `add` needs of a batch."""
        only = [IS_CURRENT] if self.compared and side == "held" else []
        ordered = [self.cursor] if self.cursor and side == "came" else []
        return tuple(dict.fromkeys([*self._names, *only, *ordered]))

    def add(
        self, batch: pa.RecordBatch, side: Side, file: int, start: int, gone: pa.Array | None = None
    ) -> None:
        """Take rows, but those that are `gone`; `start` is the first one's place in its file.

        Of held versions only those that are open count.
        """
        rows = self._row_keys(batch, side, file, start)
        if gone is not None:
            rows = rows.filter(pa.compute.invert(gone))
        if IS_CURRENT in self.columns(side):
            rows = rows.filter(batch.column(IS_CURRENT))
        self._opened.register(_GIVEN, pa.Table.from_batches([rows]))
        self._run(f"INSERT INTO {side} SELECT * FROM {_GIVEN}")  # noqa: S608  names of this module

    def merge(self) -> int:
        """Held rows whose key came go, and all but one of a key that came; the rows that hold."""
        self._keep_latest()
        keys = ", ".join(self._keys)
        self._run(f"INSERT INTO gone SELECT file, nth FROM held SEMI JOIN came USING ({keys})")  # noqa: S608  as above
        return self._left()

    def version(self, *, keep_vanished: bool) -> int:
        """Versions that changed, or vanished, are closed; rows that did not change go. The versions that are opened."""
        self._keep_latest()
        keys, differ = ", ".join(self._keys), self._differ()
        pairs = (
            f"held JOIN came USING ({keys}) ANTI JOIN gone ON gone.file = came.file AND gone.nth = came.nth"
        )
        self._run(f"INSERT INTO closed SELECT held.file, held.nth FROM {pairs} WHERE {differ}")  # noqa: S608  as above
        self._run(f"INSERT INTO gone SELECT came.file, came.nth FROM {pairs} WHERE NOT ({differ})")  # noqa: S608  as above
        if not keep_vanished:
            self._run(f"INSERT INTO closed SELECT file, nth FROM held ANTI JOIN came USING ({keys})")  # noqa: S608  as above
        return self._left()

    def touched(self) -> frozenset[int]:
        """Numbers of files with rows that go or are closed."""
        found = self._table(
            "SELECT DISTINCT file FROM (SELECT file FROM gone UNION ALL SELECT file FROM closed)"
        )
        return frozenset(found.column("file").to_pylist())

    def places(self, fate: Fate, file: int, start: int, rows: int) -> pa.Array:
        """True at each of `rows` rows from `start` on that has the fate."""
        found = self._table(
            f"SELECT nth FROM {fate} WHERE file = {file:d} AND nth >= {start:d} AND nth < {start + rows:d}"  # noqa: S608  as above
        )
        return pa.compute.is_in(pa.arange(start, start + rows), found.column("nth").combine_chunks())

    def close(self) -> None:
        """Let go of it all; safe to call twice."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    @property
    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._engine is None:
            raise Fault(FaultCode.UNEXPECTED, "The index was not opened.")
        return self._engine

    @property
    def _keys(self) -> list[str]:
        return [self._names[name] for name in self.key]

    def _keep_latest(self) -> None:
        order = "rank_by DESC NULLS LAST, " if self.cursor else ""
        self._run(
            "INSERT INTO gone SELECT file, nth FROM (SELECT file, nth, row_number() OVER "  # noqa: S608  as above
            f"(PARTITION BY {', '.join(self._keys)} ORDER BY {order}file DESC, nth DESC) AS place FROM came) WHERE place > 1"
        )

    def _left(self) -> int:
        counted = self._table("SELECT count(*) AS n FROM came ANTI JOIN gone USING (file, nth)")
        return int(counted.column("n")[0].as_py())

    def _differ(self) -> str:
        values = [self._names[name] for name in self.compared if name not in self.key]
        return " OR ".join(f"held.{name} IS DISTINCT FROM came.{name}" for name in values) or "false"

    def _row_keys(self, batch: pa.RecordBatch, side: Side, file: int, start: int) -> pa.RecordBatch:
        columns: dict[str, pa.Array] = {
            "file": pa.repeat(pa.scalar(file, pa.int32()), batch.num_rows),
            "nth": pa.arange(start, start + batch.num_rows),
        }
        columns |= {made: comparable(batch.column(name)) for name, made in self._names.items()}
        if self.cursor and side == "came":
            columns["rank_by"] = ordered(batch.column(self.cursor), self.cursor)
        return pa.RecordBatch.from_pydict(columns)

    def _run(self, statement: str) -> None:
        try:
            self._tried(statement)
        except (duckdb.IOException, duckdb.OutOfMemoryException):
            raise Fault(
                FaultCode.TARGET_REFUSED,
                "There is no room on this machine to compare the rows with the table's.",
            ) from None

    def _tried(self, statement: str) -> None:
        try:
            self._opened.execute(statement)
        except duckdb.OutOfMemoryException:
            self._opened.execute(f"SET memory_limit = '{LARGE_MEMORY}'")
            self._opened.execute(statement)

    def _table(self, query: str) -> pa.Table:
        return self._opened.sql(query).to_arrow_table()


def engine(folder: str) -> duckdb.DuckDBPyConnection:
    """An engine in memory that reaches nothing outside; what is more than its share spills into `folder`."""
    config = {**_CONFIG, "memory_limit": MEMORY, "temp_directory": f"{folder}/index"}
    return duckdb.connect(":memory:", config=config)


def comparable(array: pa.Array) -> pa.Array:
    """The array in a form whose values are equal where the given ones are, in any engine."""
    plain = arrow.storage(array)
    if pa.types.is_dictionary(plain.type):
        plain = plain.dictionary_decode()
    if pa.types.is_nested(plain.type):
        return arrow.storage(nested.as_json(plain))
    if pa.types.is_decimal(plain.type) and not _is_plain(plain.type):
        return plain.cast(pa.string())
    return _number(plain)


def ordered(array: pa.Array, name: str) -> pa.Array:
    """The array in a form that has its order. Raises `Fault` NOT_SUPPORTED for a type that has none."""
    plain = arrow.storage(array)
    if pa.types.is_nested(plain.type) or (pa.types.is_decimal(plain.type) and not _is_plain(plain.type)):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"Column {name!r} of type {arrow.type_words(array.type)} cannot be a cursor: take numbers, dates, times or texts.",
        )
    return comparable(plain)


def _is_plain(type_: pa.DataType) -> bool:
    """Whether the engine has the decimal itself."""
    return bool(pa.types.is_decimal128(type_) and 0 <= type_.scale <= type_.precision)


def _number(array: pa.Array) -> pa.Array:
    """Moments, days and spans as their ticks; what is no such thing as it is."""
    type_ = array.type
    if pa.types.is_null(type_):
        return array.cast(pa.int8())
    if pa.types.is_float16(type_):
        return array.cast(pa.float32())
    if pa.types.is_fixed_size_binary(type_):
        return array.cast(pa.binary())
    if pa.types.is_temporal(type_):
        return array.view(_TICKS[type_.bit_width])
    return array


_TICKS: Final[Mapping[int, pa.DataType]] = {32: pa.int32(), 64: pa.int64()}
