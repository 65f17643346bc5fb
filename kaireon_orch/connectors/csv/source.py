"""Read a CSV file from a folder or a URL: found or declared types, packed or not, one member of an archive."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kaireon_orch.contract.source import Check, Column, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import csv_dialect
from kaireon_orch.families.files.csv_dialect import Dialect
from kaireon_orch.families.files.csv_reader import CsvFile
from kaireon_orch.families.files.csv_set import CsvSet
from kaireon_orch.families.files.open import unpacked
from kaireon_orch.families.files.places import LocalFile
from kaireon_orch.families.files.steady import marks, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
        self._logs_in = False

    def probe(self) -> Iterator[Check]:
        """Reach the file, then parse as much of it as the deadline allows; `rows` is figured when it was all."""
        started = time.monotonic()
        door = self._opening.door
        places = self._found(None, reserve=min(PARSING_SECONDS, door.remaining() / 4))
        place = places[0]
        place.check()

        def cut() -> bool:
            return any(each.cut for each in places)

        yield Check(place.step, ok=True, message=place.reached, latency_ms=_since(started))
        started = time.monotonic()
        rows, whole = self._files(None, self._opening.config.member, places).count(
            lambda: not cut() and door.remaining() > RESERVE_SECONDS
        )
        yield _counted(rows, started, whole=whole and not cut())
        if place.step == "request" and self._opening.auth_method == _BEARER and not self._logs_in:
            yield Check("login", ok=None, message="No token is given, so none was tried.", latency_ms=0)

    def streams(self) -> Iterator[Stream]:
        """The file as one stream, with types found on its first rows."""
        places = self._found(None)
        schema = self._files(None, self._opening.config.member, places).schema(SAMPLE_ROWS)
        columns = tuple(Column(field.name, "text", field.type) for field in schema)
        yield Stream(places[0].name, None, columns)

    def read(self, request: ReadRequest) -> Reading:
        """Find the types on all rows that will be read, then stream them. Raises BAD_DATA, OBJECT_MISSING."""
        source = cast("CsvSource", request.source)
        member = source.member or self._opening.config.member
        places = self._found(source.pattern)
        before = marks(places)
        files = self._files(source.format_options, member, places)
        schema = files.schema(request.row_limit)
        return Reading(
            schema,
            steady(files.batches(schema, request.row_limit), places, before),
            column_types=dict.fromkeys(schema.names, "text"),
            figures=files.figures,
        )

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A file is not told what was read of it."""

    def close(self) -> None:
        self._places.close()

    def _found(self, pattern: str | None, *, reserve: float = 0.0) -> list[Place]:
        """The files, in the order of their paths; at least one. Raises `Fault` OBJECT_MISSING where none matches."""
        config = self._opening.config
        if config.path is None and config.url is not None:
            return [self._remote(config.url, pattern, reserve)]
        path = _below(config.path, pattern)
        if path is None:
            raise Fault(FaultCode.MISSING_FIELDS, "A CSV connector needs a path or a URL.")
        if not _is_pattern(path):
            return [LocalFile(self._opening.door, path)]
        paths = self._opening.door.list_files(path)
        if not paths:
            raise Fault(FaultCode.OBJECT_MISSING, f"No file matches {path!r}.")
        return [LocalFile(self._opening.door, each) for each in paths]

    def _remote(self, url: str, pattern: str | None, reserve: float) -> Place:
        if pattern is not None:
            raise Fault(FaultCode.BAD_DATA, "A pattern names files below a path; this connector reads a URL.")
        # A path needs no HTTP client, and its import takes longer than most files.
        from kaireon_orch.families.http.remote_file import RemoteFile  # noqa: PLC0415  lazy on purpose
        from kaireon_orch.families.http.url import without_userinfo  # noqa: PLC0415  lazy on purpose

        opening = self._opening
        bare, basic = without_userinfo(url)
        login = self._bearer() or basic
        self._logs_in = login is not None
        headers = {"Authorization": login} if login else {}
        place = RemoteFile(opening.door, bare, opening.folder, headers=headers, reserve=reserve)
        self._places.callback(place.close)
        return place

    def _bearer(self) -> str | None:
        auth = cast("BearerTokenAuth | None", self._opening.auth)
        if self._opening.auth_method != _BEARER or auth is None or auth.token is None:
            return None
        return f"Bearer {auth.token.get_secret_value()}"

    def _options(self, of_source: CsvOptions | None) -> CsvOptions:
        """The connector's options with those that the pipeline's source sets."""
        config = self._opening.config
        if of_source is None:
            return config
        return config.model_copy(update=of_source.model_dump(include=of_source.model_fields_set))

    def _files(self, of_source: CsvOptions | None, member: str | None, places: Sequence[Place]) -> CsvSet:
        options = self._options(of_source)
        types = _declared(options)
        return CsvSet([_file(options, member, place, types) for place in places], types)


def _is_pattern(path: str) -> bool:
    return any(character in path for character in "*?[")


def _below(path: str | None, pattern: str | None) -> str | None:
    """The pipeline's pattern: below the connector's path where that is a folder, instead of it where it is a file."""
    if (
        path is None
        or pattern is None
        or pattern.startswith("/")
        or _is_pattern(path)
        or PurePath(path).suffix
    ):
        return pattern or path
    return str(PurePath(path, pattern))


def _file(options: CsvOptions, member: str | None, place: Place, types: Mapping[str, pa.DataType]) -> CsvFile:
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
        types=types,
    )
    return CsvFile(opened, dialect if options.delimiter else _sniffed(opened, dialect), place.name)


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
