"""Read a CSV file through the door: found or declared types, packed or not, one member of an archive."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kaireon_orch.contract.source import Check, Column, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import csv_dialect
from kaireon_orch.families.files.csv_dialect import Dialect
from kaireon_orch.families.files.csv_reader import CsvFile
from kaireon_orch.families.files.open import open_unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from kaireon_orch.connectors.csv.spec import CsvConfig, CsvSource
    from kaireon_orch.contract.format_models import CsvOptions

SAMPLE_ROWS = 100_000
RESERVE_SECONDS = 1.0


def open_source(opening: Opening[CsvConfig]) -> CsvFiles:
    """The connector's opened end; opens no file yet."""
    return CsvFiles(opening)


class CsvFiles:
    """A CSV connector as a source."""

    def __init__(self, opening: Opening[CsvConfig]) -> None:
        self._opening = opening

    def probe(self) -> Iterator[Check]:
        """Open the file, then parse as much of it as the deadline allows; `rows` is figured when it was all."""
        started = time.monotonic()
        options, member, path = self._options(None), self._opening.config.member, self._path(None)
        file = self._file(options, member, path)
        yield Check("file", ok=True, message="The file can be opened.", latency_ms=_since(started))
        started = time.monotonic()
        rows, whole = file.count(lambda: self._opening.door.remaining() > RESERVE_SECONDS)
        counted = f"{rows} rows parse." if whole else f"The first {rows} rows parse; there are more."
        yield Check("parse", True, counted, _since(started), {"rows": rows} if whole else {})

    def streams(self) -> Iterator[Stream]:
        """The file as one stream, with types found on its first rows."""
        path = self._path(None)
        schema = self._file(self._options(None), self._opening.config.member, path).schema(SAMPLE_ROWS)
        columns = tuple(Column(field.name, "text", field.type) for field in schema)
        yield Stream(PurePath(path).stem, None, columns)

    def read(self, request: ReadRequest) -> Reading:
        """Find the types on all rows that will be read, then stream them. Raises BAD_DATA, OBJECT_MISSING."""
        source = cast("CsvSource", request.source)
        member = source.member or self._opening.config.member
        file = self._file(self._options(source.format_options), member, self._path(source.pattern))
        schema = file.schema(request.row_limit)
        return Reading(
            schema,
            file.batches(schema, request.row_limit),
            column_types=dict.fromkeys(schema.names, "text"),
            figures=file.figures,
        )

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A file is not told what was read of it."""

    def close(self) -> None:
        """Each read closes its own file."""

    def _path(self, pattern: str | None) -> str:
        path = pattern or self._opening.config.path
        if path is None:
            raise Fault(FaultCode.NOT_SUPPORTED, "Reading CSV from a URL is not supported yet; give a path.")
        if any(character in path for character in "*?["):
            raise Fault(
                FaultCode.NOT_SUPPORTED, "Reading several files by a pattern is not supported yet; name one."
            )
        return path

    def _options(self, of_source: CsvOptions | None) -> CsvOptions:
        """The connector's options with those that the pipeline's source sets."""
        config = self._opening.config
        if of_source is None:
            return config
        return config.model_copy(update=of_source.model_dump(include=of_source.model_fields_set))

    def _file(self, options: CsvOptions, member: str | None, path: str) -> CsvFile:
        def opened() -> BinaryIO:
            return open_unpacked(self._opening.door, path, options.compression, member)

        dialect = Dialect(
            delimiter=options.delimiter or ",",
            quote_char=options.quote_char,
            escape_char=options.escape_char,
            encoding=options.encoding,
            header=options.header,
            skip_rows=options.skip_rows,
            null_values=options.null_values,
            types=_declared(options),
        )
        return CsvFile(opened, dialect if options.delimiter else _sniffed(opened, dialect))


def _sniffed(opened: Callable[[], BinaryIO], dialect: Dialect) -> Dialect:
    with opened() as stream:
        head = stream.read(csv_dialect.SNIFFED_BYTES)
    return replace(dialect, delimiter=csv_dialect.found_delimiter(head, dialect))


def _declared(options: CsvOptions) -> dict[str, pa.DataType]:
    declared = {}
    for column, words in (options.types or {}).items():
        type_ = arrow.parse_type(words)
        if type_ is None:
            raise Fault(
                FaultCode.BAD_DATA,
                f"types: {words!r} of column {column!r} is no Arrow type; did you mean {arrow.nearest_type(words)!r}?",
            )
        declared[column] = type_
    return declared


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
