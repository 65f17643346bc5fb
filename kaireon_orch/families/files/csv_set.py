"""Several delimited text files of the same columns, read one after another as if they were one."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.csv_types import FoundType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kaireon_orch.families.files.csv_reader import CsvFile


@dataclass(slots=True)
class CsvSet:
    """`file_source.RowSet` over one file or more, in their order; `types` are declared. Of several a fault names one."""

    files: Sequence[CsvFile]
    types: Mapping[str, pa.DataType]
    figures: dict[str, int] = field(default_factory=dict)
    _all: list[str] = field(default_factory=list)

    def schema(self, row_limit: int | None) -> pa.Schema:
        """Names and types of the columns; looks at every row that will be read, for those not declared.

        Raises `Fault` BAD_DATA where the files differ in their columns.
        """
        names = self._all = self._names()
        self._check_declared(names)
        found = {name: FoundType() for name in names if name not in self.types}
        if found:
            self._survey(found, row_limit)
        return pa.schema([self._field(name, found) for name in names])

    def source_types(self) -> Mapping[str, str]:
        return dict.fromkeys(self._all, "text")

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        """The rows, at most `row_limit`. Raises `Fault` BAD_DATA naming row, column and value."""
        left = row_limit
        self.figures["bytesRead"] = 0
        for file in self.files:
            with self._naming(file):
                own = pa.schema([schema.field(name) for name in file.names()])
                for batch in file.batches(own, left):
                    self.figures["bytesRead"] += batch.nbytes
                    left = None if left is None else left - batch.num_rows
                    yield batch.select(schema.names)
            if left is not None and left <= 0:
                return

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        """Rows that parse, and whether that is all of them; `going_on` is asked after each block."""
        self._names()
        total = 0
        for file in self.files:
            with self._naming(file):
                rows, whole = file.count(going_on)
            total += rows
            if not whole:
                return total, False
        return total, True

    def _names(self) -> list[str]:
        first, *others = self.files
        names = self._names_of(first)
        for other in others:
            differing = sorted(set(names).symmetric_difference(self._names_of(other)))
            if differing:
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"The files have different columns: {first.name} and {other.name} differ in {', '.join(differing[:5])}.",
                )
        return names

    def _names_of(self, file: CsvFile) -> list[str]:
        with self._naming(file):
            return file.names()

    @contextmanager
    def _naming(self, file: CsvFile) -> Iterator[None]:
        """Where there are several files, a fault says first which it was in."""
        try:
            yield
        except Fault as fault:
            if len(self.files) == 1:
                raise
            raise Fault(fault.fault, f"{file.name}: {fault.message}", retryable=fault.retryable) from None

    def _survey(self, found: Mapping[str, FoundType], row_limit: int | None) -> None:
        left = row_limit
        for file in self.files:
            with self._naming(file):
                rows = file.survey(found, left)
            left = None if left is None else left - rows
            if left is not None and left <= 0:
                return

    def _field(self, name: str, found: Mapping[str, FoundType]) -> pa.Field:
        if name in found:
            return pa.field(name, found[name].type(), metadata={arrow.FOUND: b"1"})
        return pa.field(name, self.types[name])

    def _check_declared(self, names: list[str]) -> None:
        for name, type_ in self.types.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"types names a column {name!r} that the file has not; did you mean {near[0]!r}?",
                )
            if pa.types.is_nested(type_):
                raise Fault(
                    FaultCode.NOT_SUPPORTED, f"types: a CSV column such as {name!r} cannot hold lists."
                )
