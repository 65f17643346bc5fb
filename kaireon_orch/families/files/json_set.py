"""JSON files as one set of rows: columns by name, in the order of their first appearance, types found on all rows."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.json_types import FoundColumn, column_array
from kaireon_orch.families.files.json_values import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kaireon_orch.families.files.json_reader import JsonFile
    from kaireon_orch.families.files.json_values import Record

MAX_COLUMNS: Final = 5_000


@dataclass(slots=True)
class JsonSet:
    """`file_source.RowSet` over JSON files; `types` are declared."""

    files: Sequence[JsonFile]
    types: Mapping[str, pa.DataType]
    figures: dict[str, int] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)

    def schema(self, row_limit: int | None) -> pa.Schema:
        """Looks at every row that will be read. A member that a record lacks is NULL, as one that is null."""
        found: dict[str, FoundColumn] = {}
        for records in self._records(row_limit):
            for name in dict.fromkeys(name for record in records for name in record):
                found.setdefault(name, FoundColumn()).see([record.get(name) for record in records])
            _refuse_many(found)
        self._check_declared(found)
        self._names = list(found)
        return pa.schema(
            [
                pa.field(name, self.types[name]) if name in self.types else column.field(name)
                for name, column in found.items()
            ]
        )

    def source_types(self) -> Mapping[str, str]:
        return dict.fromkeys(self._names, "json")

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        """Raises `Fault` BAD_DATA naming column, row and value."""
        done = 0
        self.figures["bytesRead"] = 0
        for records in self._records(row_limit):
            arrays = [_array([record.get(each.name) for record in records], each, done) for each in schema]
            batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            done += batch.num_rows
            self.figures["bytesRead"] += batch.nbytes
            yield batch

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        rows = 0
        for records in self._records(None):
            rows += len(records)
            if not going_on():
                return rows, False
        return rows, True

    def _records(self, row_limit: int | None) -> Iterator[list[Record]]:
        left = row_limit
        for file in self.files:
            for records in file.batches():
                yield records if left is None else records[:left]
                left = None if left is None else left - len(records)
                if left is not None and left <= 0:
                    return

    def _check_declared(self, found: Mapping[str, FoundColumn]) -> None:
        for name, type_ in self.types.items():
            if found and name not in found:
                near = difflib.get_close_matches(name, list(found), n=1, cutoff=0.0)[0]
                raise Fault(
                    FaultCode.BAD_DATA,
                    f"types names a column {name!r} that no record has; did you mean {near!r}?",
                )
            if pa.types.is_nested(type_):
                raise Fault(
                    FaultCode.NOT_SUPPORTED, f"types: {name!r} cannot be a list; nested values are JSON."
                )


def _refuse_many(found: Mapping[str, Any]) -> None:
    if len(found) > MAX_COLUMNS:
        raise Fault(
            FaultCode.BAD_DATA,
            f"The records have more than {MAX_COLUMNS} different members: are keys data here? See recordsPath.",
        )


def _array(values: Sequence[Any], wanted: pa.Field, done: int) -> pa.Array:
    try:
        return column_array(values, wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeEncodeError):
        at = next(at for at, value in enumerate(values) if _is_misfit(value, wanted))
    raise Fault(
        FaultCode.BAD_DATA,
        f"Column {wanted.name!r}, row {done + at + 1}: {arrow.shown(as_text(values[at]))} is no "
        f"{arrow.type_words(wanted.type)}.",
    )


def _is_misfit(value: object, wanted: pa.Field) -> bool:
    try:
        column_array([value], wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeEncodeError):
        return True
    return False
