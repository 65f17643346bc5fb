"""Files that state their own types, read one after another as one: merged by column name, widened where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kaireon_orch.contract.source import Window

_UNITS: Final = ("s", "ms", "us", "ns")


class TypedFile(Protocol):
    """One file that states its types. Every method raises `Fault`."""

    @property
    def name(self) -> str: ...

    def schema(self) -> pa.Schema: ...

    def source_types(self) -> Mapping[str, str]: ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, with exactly `schema`."""
        ...

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]: ...


@runtime_checkable
class Narrowing(Protocol):
    """What may leave out parts that have no row of a window for sure; the rows that it gives are filtered all the same."""

    def narrow(self, window: Window) -> None: ...


@dataclass(slots=True)
class TypedSet:
    """`file_source.RowSet` over one typed file or several."""

    files: Sequence[TypedFile]
    figures: dict[str, int] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)

    def schema(self, row_limit: int | None) -> pa.Schema:  # noqa: ARG002  the files say it, whatever is read of them
        """All files' columns by name; a type that differs is the wider one. Raises `Fault` BAD_DATA where none is."""
        fields: dict[str, pa.Field] = {}
        for file in self.files:
            for own in file.schema():
                fields[own.name] = _wider(fields.get(own.name, own), own, file.name)
            self._words = {**file.source_types(), **self._words}
        if len(self.files) > 1:
            fields = {name: each.with_nullable(True) for name, each in fields.items()}
        return pa.schema(list(fields.values()))

    def narrow(self, window: Window) -> None:
        """See `Narrowing`."""
        for file in self.files:
            if isinstance(file, Narrowing):
                file.narrow(window)

    def source_types(self) -> Mapping[str, str]:
        return self._words

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        left = row_limit
        self.figures["bytesRead"] = 0
        for file in self.files:
            for batch in file.batches():
                cut = batch if left is None else batch.slice(0, left)
                left = None if left is None else left - cut.num_rows
                self.figures["bytesRead"] += cut.nbytes
                yield aligned(cut, schema)
                if left is not None and left <= 0:
                    return

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        total = 0
        for file in self.files:
            rows, whole = file.count(going_on)
            total += rows
            if not whole:
                return total, False
        return total, True


def aligned(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the columns of `schema`, those that it lacks NULL."""
    arrays = [
        arrow.cast(batch.column(each.name), each.type)
        if each.name in batch.schema.names
        else pa.nulls(batch.num_rows, each.type)
        for each in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _wider(first: pa.Field, second: pa.Field, name: str) -> pa.Field:
    if first.type == second.type:
        return first.with_nullable(first.nullable or second.nullable)
    type_ = _wider_type(first.type, second.type)
    if type_ is None:
        raise Fault(
            FaultCode.BAD_DATA,
            f"The files differ: column {first.name!r} of {name} is {arrow.type_words(second.type)}, in an earlier "
            f"file {arrow.type_words(first.type)}.",
        )
    return first.with_type(type_).with_nullable(True)


def _wider_type(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    for one, other in ((first, second), (second, first)):
        if pa.types.is_null(one) or _holds(one, other):
            return other
    if pa.types.is_decimal128(first) and pa.types.is_decimal128(second):
        return _decimal(first, second)
    return None


def _holds(narrow: pa.DataType, wide: pa.DataType) -> bool:
    """Whether every value of `narrow` is itself in `wide`."""
    for kind in (pa.types.is_signed_integer, pa.types.is_unsigned_integer, pa.types.is_floating):
        if kind(narrow) and kind(wide):
            return bool(narrow.bit_width <= wide.bit_width)
    if pa.types.is_unsigned_integer(narrow) and pa.types.is_signed_integer(wide):
        return bool(narrow.bit_width < wide.bit_width)
    if pa.types.is_timestamp(narrow) and pa.types.is_timestamp(wide):
        # Nanoseconds reach from 1677 to 2262 only, so nothing is widened into them.
        return (
            narrow.tz == wide.tz and wide.unit != "ns" and _UNITS.index(narrow.unit) < _UNITS.index(wide.unit)
        )
    return bool(pa.types.is_string(narrow) and pa.types.is_large_string(wide))


def _decimal(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    scale = max(first.scale, second.scale)
    whole = max(first.precision - first.scale, second.precision - second.scale)
    return pa.decimal128(whole + scale, scale) if whole + scale <= 38 else None  # noqa: PLR2004  decimal128's digits
