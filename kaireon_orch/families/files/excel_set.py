"""Sheets as one set of rows: the header names the columns, types are found on all rows that will be read."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import excel_types, workbook
from kaireon_orch.families.files.workbook import EVERYTHING, Area

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BATCH_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class SheetFile:
    """One sheet of one workbook; `sheet` is None for the first. A sheet is held in memory whole."""

    opened: Callable[[], BinaryIO]
    name: str
    sheet: str | None = None
    area: Area = EVERYTHING
    header: bool = True
    skip_rows: int = 0

    def sheet_names(self) -> list[str]:
        with self.opened() as stream:
            return list(workbook.opened(stream, self.name).sheet_names)

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """The columns' names, and the rows, those without any value left out at the end.

        Raises `Fault` BAD_DATA for a header that is merged, empty or names a column twice.
        """
        with self.opened() as stream:
            sheet = workbook.sheet_of(workbook.opened(stream, self.name), self.sheet, self.name)
            rows = list(workbook.cells(sheet, self.area))[self.skip_rows :]
            merged = sheet.merged_cell_ranges or []
        while rows and not any(value != "" for value in rows[-1]):
            rows.pop()
        if not rows:
            return [], []
        if not self.header:
            return [f"column_{at}" for at in range(1, len(rows[0]) + 1)], rows
        self._refuse_merged(merged, len(rows[0]))
        return self._names(rows[0]), rows[1:]

    def _refuse_merged(self, merged: Sequence[tuple[tuple[int, int], tuple[int, int]]], width: int) -> None:
        row, first = self.area.row + self.skip_rows, self.area.column
        for (top, left), (bottom, right) in merged:
            if top <= row <= bottom and left < first + width and right >= first:
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"{self.name}: the header has merged cells, so that columns have no names of their own; use "
                    "skipRows or range.",
                )

    def _names(self, header: Sequence[Any]) -> list[str]:
        names = [(excel_types.as_text(value) or "").strip() for value in header]
        for at, name in enumerate(names):
            if not name:
                raise Fault(FaultCode.BAD_DATA, f"{self.name}: column {at + 1} of the header has no name.")
            if name in names[:at]:
                raise Fault(FaultCode.BAD_DATA, f"{self.name}: the header names a column twice: {name}.")
        return names


@dataclass(slots=True)
class SheetSet:
    """`file_source.RowSet` over sheets of the same columns; `types` are declared."""

    files: Sequence[SheetFile]
    types: Mapping[str, pa.DataType]
    figures: dict[str, int] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list, init=False)
    _tables: dict[int, tuple[list[str], list[list[Any]]]] = field(default_factory=dict, init=False)

    def schema(self, row_limit: int | None) -> pa.Schema:
        kinds: dict[str, list[pa.DataType]] = {}
        for names, rows in self._read(row_limit):
            for at, name in enumerate(names):
                kinds.setdefault(name, []).append(excel_types.found_type([row[at] for row in rows]))
        self._check_declared(list(kinds))
        self._names = list(kinds)
        return pa.schema([self._field(name, found) for name, found in kinds.items()])

    def source_types(self) -> Mapping[str, str]:
        return dict.fromkeys(self._names, "cell")

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        """Raises `Fault` BAD_DATA naming column, row and value."""
        self.figures["bytesRead"] = 0
        done = 0
        for names, rows in self._read(row_limit):
            place = {name: at for at, name in enumerate(names)}
            for start in range(0, len(rows), BATCH_ROWS):
                part = rows[start : start + BATCH_ROWS]
                arrays = [self._array(part, place.get(each.name), each, done) for each in schema]
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
                self.figures["bytesRead"] += batch.nbytes
                done += batch.num_rows
                yield batch

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        total = 0
        for position, file in enumerate(self.files):
            total += len(file.table()[1])
            if not going_on():
                return total, position == len(self.files) - 1
        return total, True

    def _read(self, row_limit: int | None) -> Iterator[tuple[list[str], list[list[Any]]]]:
        left = row_limit
        for position, file in enumerate(self.files):
            names, rows = self._table(position, file)
            yield names, list(islice(rows, left))
            left = None if left is None else left - len(rows)
            if left is not None and left <= 0:
                return

    def _table(self, position: int, file: SheetFile) -> tuple[list[str], list[list[Any]]]:
        """One sheet is kept between finding its types and reading it; of several only the one at work."""
        if position not in self._tables:
            self._tables.clear()
            self._tables[position] = file.table()
        return self._tables[position]

    def _field(self, name: str, found: Sequence[pa.DataType]) -> pa.Field:
        if name in self.types:
            return pa.field(name, self.types[name])
        return pa.field(name, _joined(found), metadata={arrow.FOUND: b"1"})

    def _array(self, rows: Sequence[Sequence[Any]], at: int | None, wanted: pa.Field, done: int) -> pa.Array:
        if at is None:
            return pa.nulls(len(rows), wanted.type)
        values = [row[at] for row in rows]
        found = wanted.name not in self.types
        try:
            return excel_types.column_array(values, wanted.type, found=found)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            bad = next(at for at, value in enumerate(values) if _is_misfit(value, wanted.type, found=found))
        raise Fault(
            FaultCode.BAD_DATA,
            f"Column {wanted.name!r}, row {done + bad + 1}: {arrow.shown(excel_types.as_text(values[bad]))} is no "
            f"{arrow.type_words(wanted.type)}.",
        )

    def _check_declared(self, names: list[str]) -> None:
        for name in self.types:
            if names and name not in names:
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"types names a column {name!r} that no sheet has; did you mean {near!r}?",
                )


def _joined(found: Sequence[pa.DataType]) -> pa.DataType:
    """The type that holds what was found on each sheet."""
    kinds = {type_ for type_ in found if not pa.types.is_null(type_)}
    if len(kinds) <= 1:
        return next(iter(kinds), pa.null())
    if kinds == {pa.int64(), pa.float64()}:
        return pa.float64()
    return pa.timestamp("us") if kinds == {pa.date32(), pa.timestamp("us")} else pa.string()


def _is_misfit(value: object, type_: pa.DataType, *, found: bool) -> bool:
    try:
        excel_types.column_array([value], type_, found=found)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return True
    return False
