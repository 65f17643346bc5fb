"""Proof that a target holds what was given to it: sums over the rows of both, which their order does not change.

Each value is hashed to 64 bits by an engine in memory, so that a million rows take a fraction of a second. Sums of the
same rows are the same in every run and on every target, as long as the engine's version is.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.proof import Form, Sums
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.row_index import comparable, engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

METHOD: Final = f"sum of 64-bit hashes, duckdb {duckdb.__version__}"
MODULUS: Final = 1 << 64
_BATCH: Final = "batch"
_NULL: Final = "hash(NULL)"


@dataclass(slots=True)
class RowWitness:
    """See `contract.proof.Witness`. `schema` is the plan's; rows of one `key` are one, that of the greatest `cursor`.

    `proven` is what held, once it was checked. What is more than a share of memory spills into `folder`.
    """

    schema: pa.Schema
    folder: str
    forms: Mapping[str, Form] = field(default_factory=dict)
    key: Sequence[str] = ()
    cursor: str | None = None
    proven: Sums | None = None
    _given: Sums = field(default_factory=Sums)
    _rows: int = 0
    _engine: duckdb.DuckDBPyConnection | None = None

    def give(self, batch: pa.RecordBatch) -> None:
        """Take note of rows that go into the load."""
        if self.key:
            self._keep("given", batch)
        else:
            self._given = added(self._given, self._sums(batch))
        self._rows += batch.num_rows

    def sums(self, rows: Iterable[pa.RecordBatch]) -> Sums:
        """See `contract.proof.Witness`."""
        total = self._nothing()
        for batch in rows:
            total = added(total, self._sums(batch))
        return total

    def check(self, rows: Iterable[pa.RecordBatch], before: Sums | None = None) -> None:
        """See `contract.proof.Witness`."""
        wanted, held = self._by_key(rows) if self.key else self._by_sum(rows, before)
        if wanted != held:
            raise Fault(FaultCode.UNEXPECTED, f"The load was not committed: {self._words(wanted, held)}.")
        self.proven = wanted

    def close(self) -> None:
        """Let go of the engine."""
        opened, self._engine = self._engine, None
        if opened is not None:
            opened.close()

    def _by_sum(self, rows: Iterable[pa.RecordBatch], before: Sums | None) -> tuple[Sums, Sums]:
        return added(self._nothing(), self._given), added(self.sums(rows), before or Sums(), sign=-1)

    def _by_key(self, rows: Iterable[pa.RecordBatch]) -> tuple[Sums, Sums]:
        self._drop("held")  # a commit may be tried again
        self._keep("given", _none(self.schema))
        self._keep("held", _none(self.schema))
        for batch in rows:
            self._keep("held", batch)
        newest = "PARTITION BY k ORDER BY c DESC NULLS LAST, o DESC"
        latest = f"(SELECT * FROM given QUALIFY row_number() OVER ({newest}) = 1)"  # noqa: S608  names of ours
        return self._kept(latest), self._kept("(SELECT * FROM held SEMI JOIN given USING (k))")

    def _kept(self, rows: str) -> Sums:
        """What rows come to whose hashes were kept."""
        hashes = [f"h{at}" for at in range(len(self.schema))]
        asked = ["count(*)", *(f"count(*) FILTER ({each} <> {_NULL})" for each in hashes)]
        asked += [f"sum({each})" for each in (*hashes, "w")]
        return self._read(f"SELECT {', '.join(asked)} FROM {rows}")  # noqa: S608  names of ours

    def _sums(self, batch: pa.RecordBatch) -> Sums:
        names = self._registered(batch)
        asked = ["count(*)", *(f"count({name})" for name in names)]
        asked += [
            f"sum({each})" for each in (*(f"hash({name})" for name in names), f"hash({', '.join(names)})")
        ]
        return self._read(f"SELECT {', '.join(asked)} FROM {_BATCH}")  # noqa: S608  names of ours

    def _keep(self, table: str, batch: pa.RecordBatch) -> None:
        """Keep the hashes of rows, for which of them hold is known at the end."""
        names = self._registered(batch)
        key = ", ".join(names[self.schema.get_field_index(name)] for name in self.key)
        cursor = names[self.schema.get_field_index(self.cursor)] if self.cursor else "NULL::INTEGER"
        hashes = [f"hash({name}) AS h{at}" for at, name in enumerate(names)]
        order = f"{self._rows} + row_number() OVER ()"
        select = f"SELECT hash({key}) AS k, {cursor} AS c, {order} AS o, {', '.join(hashes)}, hash({', '.join(names)}) AS w FROM {_BATCH}"  # noqa: S608  names of ours
        with _compared():
            self._opened.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {select} LIMIT 0").fetchall()
            self._opened.execute(f"INSERT INTO {table} {select}").fetchall()

    def _drop(self, table: str) -> None:
        with _compared():
            self._opened.execute(f"DROP TABLE IF EXISTS {table}").fetchall()

    def _registered(self, batch: pa.RecordBatch) -> list[str]:
        """The rows as `batch`, every column in the form that is compared, under names of ours."""
        arrays = [self._formed(batch.column(each.name), each) for each in self.schema]
        names = [f"c{at}" for at in range(len(arrays))]
        self._opened.register(_BATCH, pa.table(arrays, names=names))
        return names

    def _formed(self, array: pa.Array, wanted: pa.Field) -> pa.Array:
        form = self.forms.get(wanted.name, Form.VALUE)
        if form is Form.NULLS:
            return pc.if_else(array.is_valid(), pa.scalar(0, pa.int8()), pa.scalar(None, pa.int8()))
        same = comparable(arrow.cast(array, wanted.type))
        if form is Form.UNPADDED:
            return pc.utf8_rtrim(same, " ")
        return _as_numbers(same) if form is Form.NUMBER else same

    def _read(self, query: str) -> Sums:
        """One row of counts and sums."""
        with _compared():
            (row,) = self._opened.execute(query).fetchall()
        rows, width = int(row[0]), len(self.schema)
        filled = [int(each) for each in row[1 : width + 1]]
        totals = [int(each or 0) % MODULUS for each in row[width + 1 :]]
        return Sums(rows, tuple(rows - each for each in filled), tuple(totals[:-1]), totals[-1])

    @property
    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._engine is None:
            self._engine = engine(self.folder)
        return self._engine

    def _nothing(self) -> Sums:
        zeros = (0,) * len(self.schema)
        return Sums(0, zeros, zeros, 0)

    def _words(self, wanted: Sums, held: Sums) -> str:
        """What differs, of the two that do."""
        if wanted.rows != held.rows:
            return f"{wanted.rows} row(s) were given to the target, and it holds {held.rows} of them"
        for at, each in enumerate(self.schema):
            if wanted.nulls[at] != held.nulls[at]:
                return f"column {each.name!r} was given with {wanted.nulls[at]} NULL(s), and the target holds {held.nulls[at]}"
        for at, each in enumerate(self.schema):
            if wanted.columns[at] != held.columns[at]:
                return f"column {each.name!r} has other values in the target than were given to it"
        return "values are in other rows in the target than they were given in"

    def receipt(self) -> dict[str, Any] | None:
        """What was proven, for the run's receipt; None before it was checked."""
        proven = self.proven
        if proven is None:
            return None
        columns = {
            each.name: {"nulls": proven.nulls[at], "checksum": self._shown(each.name, proven.columns[at])}
            for at, each in enumerate(self.schema)
        }
        return {"rows": proven.rows, "checksum": _hex(proven.whole), "columns": columns, "method": METHOD}

    def _shown(self, name: str, total: int) -> str | None:
        return None if self.forms.get(name) is Form.NULLS else _hex(total)


def added(one: Sums, other: Sums, sign: int = 1) -> Sums:
    """The sums of both sets of rows; with -1 those of the rows that are in `one` alone."""

    def each(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
        pairs = zip(first or (0,) * len(second), second or (0,) * len(first), strict=True)
        return tuple(left + sign * right for left, right in pairs)

    def wrapped(totals: Iterable[int]) -> tuple[int, ...]:
        return tuple(total % MODULUS for total in totals)

    (whole,) = wrapped([one.whole + sign * other.whole])
    columns = wrapped(each(one.columns, other.columns))
    return Sums(one.rows + sign * other.rows, each(one.nulls, other.nulls), columns, whole)


@contextmanager
def _compared() -> Iterator[None]:
    """The engine's failure is no difference, but no proof either."""
    try:
        yield
    except duckdb.Error:
        raise Fault(FaultCode.UNEXPECTED, "The rows could not be compared; nothing was committed.") from None


def _hex(total: int) -> str:
    return f"{total:016x}"


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema)


def _as_numbers(texts: pa.Array) -> pa.Array:
    """Plain decimal texts without what does not change their number: zeros at the end, a plus, a minus before nothing."""
    trimmed = pc.replace_substring_regex(texts, r"^\+?(-?)0*([0-9])", r"\1\2")
    cut = pc.replace_substring_regex(trimmed, r"(\.[0-9]*?)0+$", r"\1")
    whole = pc.replace_substring_regex(cut, r"\.$", "")
    return pc.replace_substring_regex(whole, "^-0$", "0")
