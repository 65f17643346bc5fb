"""Read PostgreSQL as Arrow: ADBC with a projection that leaves it nothing to read wrongly, and checks on each batch.

The driver's own traps (infinity and far years wrap round, nested arrays come flattened, oid turns negative) and the
codes below are those of `adbc-driver-postgresql` 1.13; the tests hold the whole torture table against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import pg_types
from kaireon_orch.families.sql.identifiers import quote
from kaireon_orch.families.sql.pg_misfits import DAYS, FIRST_MICROSECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.families.sql.pg_types import PgType, ReadAs

_FORM: Final = "kaireon form "
_ODD_FORM: Final = (
    """CASE WHEN array_ndims({0}) > 1 THEN 1 WHEN array_lower({0}, 1) <> 1 THEN 2 ELSE 0 END AS {1}"""
)
_NESTED, _BOUNDED = 1, 2


@dataclass(frozen=True, slots=True)
class Projection:
    """What is selected, and the schema that comes out of it."""

    columns: tuple[ReadAs, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([column.field for column in self.columns])

    def expressions(self) -> str:
        """The SELECT list; each array brings along whether its form is one that Arrow does not have."""
        arrays = [column.field.name for column in self.columns if column.is_array]
        forms = [_ODD_FORM.format(quote(name), quote(_FORM + name)) for name in arrays]
        return ", ".join([column.expression for column in self.columns] + forms)

    def checked(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The batch with `schema`. Raises `Fault` TYPE_LOSSY naming column and row of what cannot be kept."""
        arrays = [_checked(batch, column, before) for column in self.columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def projection(types: Sequence[tuple[str, PgType]]) -> Projection:
    """The projection of columns of these types. Raises `Fault` BAD_DATA for two columns of one name."""
    names = [name for name, _ in types]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Fault(
            FaultCode.BAD_DATA, f"The query gives two columns named {twice[0]!r}; name one of them with AS."
        )
    return Projection(tuple(pg_types.read_as(name, type_) for name, type_ in types))


def batches(reader: Iterator[pa.RecordBatch], of: Projection) -> Iterator[pa.RecordBatch]:
    """The reader's batches, checked."""
    before = 0
    for batch in reader:
        yield of.checked(batch, before)
        before += batch.num_rows


def _checked(batch: pa.RecordBatch, column: ReadAs, before: int) -> pa.Array:
    name = column.field.name
    array = arrow.storage(batch.column(name))
    if column.is_array:
        form = batch.column(_FORM + name)
        _refuse(pc.equal(form, _NESTED), name, before, "a nested array; cast it to text in a query")
        words = "an array whose first item is not its number 1; cast it to text in a query"
        _refuse(pc.equal(form, _BOUNDED), name, before, words)
    _refuse_wrapped(array, name, before)
    try:
        return arrow.cast(array, column.field.type)
    except pa.ArrowInvalid:
        at = arrow.first_misfit(array, column.field.type) or 0
    raise _lossy(
        name,
        before + at,
        f"{arrow.shown(array[at].as_py())}, which is no {arrow.type_words(column.field.type)}",
    )


def _refuse_wrapped(array: pa.Array, name: str, before: int) -> None:
    """What is below PostgreSQL's first moment came from infinity, or from years past 294247."""
    values = array.values if pa.types.is_list(array.type) else array
    lowest, integers = _lowest(values.type)
    if lowest is None:
        return
    wrapped = pc.less(values.view(integers), lowest)
    if values is array:
        _refuse(wrapped, name, before, "infinity, or a time out of Arrow's range; cast it to text in a query")
    elif pc.any(wrapped).as_py():
        raise _lossy(name, before, "infinity in an array; cast it to text in a query")


def _lowest(type_: pa.DataType) -> tuple[int | None, Any]:
    if pa.types.is_timestamp(type_):
        return FIRST_MICROSECOND, pa.int64()
    if pa.types.is_date32(type_):
        return DAYS[0], pa.int32()
    return None, None


def _refuse(bad: pa.Array, name: str, before: int, what: str) -> None:
    at = pc.index(bad, value=True).as_py()
    if at >= 0:
        raise _lossy(name, before + at, what)


def _lossy(name: str, at: int, what: str) -> Fault:
    return Fault(FaultCode.TYPE_LOSSY, f"Column {name!r}, row {at + 1} holds {what}.")
