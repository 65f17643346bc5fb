"""Read a Delta table in a folder: the log says which files it has, and each is opened through the door."""

from __future__ import annotations

import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from kaireon_orch.connectors.delta_lake import held, log
from kaireon_orch.contract.source import Check, Column, Reading, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import nested
from kaireon_orch.families.files.file_source import since
from kaireon_orch.families.files.parquet_reader import ParquetData
from kaireon_orch.families.files.typed_set import aligned
from kaireon_orch.families.files.windows import inside, limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deltalake import DeltaTable

    from kaireon_orch.connectors.delta_lake.spec import DeltaLakeConfig, DeltaSource
    from kaireon_orch.contract.source import Opening, ReadRequest, Window


def open_source(opening: Opening[DeltaLakeConfig]) -> DeltaFiles:
    """The connector's opened end; opens nothing yet."""
    return DeltaFiles(opening)


class DeltaFiles:
    """A Delta table as a source."""

    def __init__(self, opening: Opening[DeltaLakeConfig]) -> None:
        self._opening = opening

    def probe(self) -> Iterator[Check]:
        """Open the log, then the first data file; `rows` are what the log counts."""
        started = time.monotonic()
        folder, table = self._table(self._opening.config.version)
        yield Check("log", True, f"Version {table.version()} of the table.", since(started))
        started = time.monotonic()
        files = self._files(folder, table, log.schema_of(table))
        for file in files[:1]:
            file.schema()
        rows = held.rows(table)
        yield Check(
            "read", True, f"{len(files)} data files.", since(started), {} if rows is None else {"rows": rows}
        )

    def streams(self) -> Iterator[Stream]:
        """The table."""
        folder, table = self._table(self._opening.config.version)
        words = _words(table)
        schema = _as_read(log.schema_of(table))
        columns = tuple(
            Column(each.name, words.get(each.name, ""), each.type, nullable=each.nullable) for each in schema
        )
        yield Stream(table.metadata().name or folder.name, None, columns, row_estimate=held.rows(table))

    def read(self, request: ReadRequest) -> Reading:
        """The rows of one version. Raises OBJECT_MISSING, NOT_SUPPORTED, BAD_DATA, FILE_NOT_ALLOWED."""
        source = cast("DeltaSource", request.source)
        folder, table = self._table(source.version)
        stored = log.schema_of(table)
        schema, figures = _as_read(stored), {"bytesRead": 0}
        files = self._files(folder, table, stored, request.window)
        batches = _batches(files, schema, figures)
        if request.window is not None:
            batches = inside(batches, schema, request.window, None)
        return Reading(
            schema,
            limited(batches, request.row_limit),
            column_types=_words(table),
            figures=figures,
            snapshot=f"version {table.version()}",
        )

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A table is not told what was read of it."""

    def close(self) -> None:
        """Each file is closed once it is read."""

    def _table(self, version: int | None) -> tuple[Path, DeltaTable]:
        uri = self._opening.config.uri
        if uri is None:
            raise Fault(FaultCode.MISSING_FIELDS, "The connector needs a URI.")
        folder = log.local_folder(self._opening.door, uri)
        return folder, log.opened(folder, version)

    def _files(
        self, folder: Path, table: DeltaTable, schema: pa.Schema, window: Window | None = None
    ) -> list[ParquetData]:
        keys = table.metadata().partition_columns
        with log.faults():
            adds = pa.table(table.get_add_actions(flatten=False)).to_pylist()
        return [
            ParquetData(
                self._opened(folder, add["path"]),
                PurePath(add["path"]).name,
                tuple(name for name in schema.names if name not in keys),
                {key: _value((add.get("partition") or {}).get(key), schema.field(key).type) for key in keys},
                lacking_ok=True,
                window=window,
            )
            for add in reversed(adds)  # the log's newest come first
        ]

    def _opened(self, folder: Path, path: str) -> Callable[[], BinaryIO]:
        """A log can name any file; the door lets those below the table's folder through alone."""
        named = held.inside(path)
        return lambda: self._opening.door.open_file(str(folder / named))


def _value(value: Any, type_: pa.DataType) -> pa.Scalar:  # noqa: ANN401  a partition's value, as the log has it
    return pa.array([value], type_)[0]


def _batches(
    files: list[ParquetData], schema: pa.Schema, figures: dict[str, int]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        for batch in file.batches():
            figures["bytesRead"] += batch.nbytes
            yield aligned(batch, schema)


def _as_read(stored: pa.Schema) -> pa.Schema:
    """Nested columns that no table has a type for are JSON."""
    return pa.schema(
        [
            each if nested.is_kept(each.type) else pa.field(each.name, pa.json_(), each.nullable)
            for each in stored
        ]
    )


def _words(table: DeltaTable) -> dict[str, str]:
    return {field.name: getattr(field.type, "type", "nested") for field in table.schema().fields}
