"""Read a CSV file from a folder or a URL: found or declared types, packed or not, one member of an archive."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kaireon_orch.contract.source import Check, Column, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import csv_dialect
from kaireon_orch.families.files.csv_dialect import Dialect
from kaireon_orch.families.files.csv_reader import CsvFile
from kaireon_orch.families.files.open import unpacked
from kaireon_orch.families.files.places import LocalFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from kaireon_orch.connectors.csv.spec import CsvConfig, CsvSource
    from kaireon_orch.contract.auth_models import BearerTokenAuth
    from kaireon_orch.contract.format_models import CsvOptions
    from kaireon_orch.families.files.places import Place

SAMPLE_ROWS = 100_000
RESERVE_SECONDS = 1.0
PARSING_SECONDS = 2.0
"""A test fetches no longer than until so much of its time is left."""

_BEARER = "bearer_token"


def open_source(opening: Opening[CsvConfig]) -> CsvFiles:
    """The connector's opened end; opens no file yet."""
    return CsvFiles(opening)


class CsvFiles:
    """A CSV connector as a source."""

    def __init__(self, opening: Opening[CsvConfig]) -> None:
        self._opening = opening
        self._places = ExitStack()

    def probe(self) -> Iterator[Check]:
        """Reach the file, then parse as much of it as the deadline allows; `rows` is figured when it was all."""
        started = time.monotonic()
        door = self._opening.door
        place = self._place(None, reserve=min(PARSING_SECONDS, door.remaining() / 4))
        place.check()
        yield Check(place.step, ok=True, message=place.reached, latency_ms=_since(started))
        started = time.monotonic()
        file = self._file(self._options(None), self._opening.config.member, place)
        rows, whole = file.count(lambda: not place.cut and door.remaining() > RESERVE_SECONDS)
        yield _counted(rows, started, whole=whole and not place.cut)
        if place.step == "request" and self._opening.auth_method == _BEARER and not self._headers():
            yield Check("login", ok=None, message="No token is given, so none was tried.", latency_ms=0)

    def streams(self) -> Iterator[Stream]:
        """The file as one stream, with types found on its first rows."""
        place = self._place(None)
        schema = self._file(self._options(None), self._opening.config.member, place).schema(SAMPLE_ROWS)
        columns = tuple(Column(field.name, "text", field.type) for field in schema)
        yield Stream(place.name, None, columns)

    def read(self, request: ReadRequest) -> Reading:
        """Find the types on all rows that will be read, then stream them. Raises BAD_DATA, OBJECT_MISSING."""
        source = cast("CsvSource", request.source)
        member = source.member or self._opening.config.member
        file = self._file(self._options(source.format_options), member, self._place(source.pattern))
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
        self._places.close()

    def _place(self, pattern: str | None, *, reserve: float = 0.0) -> Place:
        config = self._opening.config
        if config.path is None and config.url is not None:
            return self._remote(config.url, pattern, reserve)
        path = pattern or config.path
        if path is None:
            raise Fault(FaultCode.MISSING_FIELDS, "A CSV connector needs a path or a URL.")
        if any(character in path for character in "*?["):
            raise Fault(
                FaultCode.NOT_SUPPORTED, "Reading several files by a pattern is not supported yet; name one."
            )
        return LocalFile(self._opening.door, path)

    def _remote(self, url: str, pattern: str | None, reserve: float) -> Place:
        if pattern is not None:
            raise Fault(FaultCode.BAD_DATA, "A pattern names files below a path; this connector reads a URL.")
        # A path needs no HTTP client, and its import takes longer than most files.
        from kaireon_orch.families.http.remote_file import RemoteFile  # noqa: PLC0415  lazy on purpose

        opening = self._opening
        place = RemoteFile(opening.door, url, opening.folder, headers=self._headers(), reserve=reserve)
        self._places.callback(place.close)
        return place

    def _headers(self) -> dict[str, str]:
        auth = cast("BearerTokenAuth | None", self._opening.auth)
        if self._opening.auth_method != _BEARER or auth is None or auth.token is None:
            return {}
        return {"Authorization": f"Bearer {auth.token.get_secret_value()}"}

    def _options(self, of_source: CsvOptions | None) -> CsvOptions:
        """The connector's options with those that the pipeline's source sets."""
        config = self._opening.config
        if of_source is None:
            return config
        return config.model_copy(update=of_source.model_dump(include=of_source.model_fields_set))

    def _file(self, options: CsvOptions, member: str | None, place: Place) -> CsvFile:
        def opened() -> BinaryIO:
            return unpacked(place.open(), options.compression, member)

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


def _counted(rows: int, started: float, *, whole: bool) -> Check:
    if whole:
        return Check("parse", True, f"{rows} rows parse.", _since(started), {"rows": rows})
    if not rows:
        raise Fault(FaultCode.TIMED_OUT, "No row arrived within the time allowed; the server may be slow.")
    return Check("parse", True, f"The first {rows} rows parse; there are more.", _since(started))


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
