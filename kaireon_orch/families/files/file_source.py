"""A connector of files as a source: the part that is the same for every format."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from kaireon_orch.contract.source import Check, Column, Reading, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.origin import FileOrigin
from kaireon_orch.families.files.steady import marks, state_words, steady
from kaireon_orch.families.files.typed_set import Narrowing
from kaireon_orch.families.files.windows import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch.contract.source import Opening, ReadRequest
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place

SAMPLE_ROWS: Final = 100_000
RESERVE_SECONDS: Final = 1.0
PARSING_SECONDS: Final = 2.0
"""A test fetches no longer than until so much of its time is left."""


class RowSet(Protocol):
    """The rows of one file or several, read as one. Every method raises `Fault`."""

    figures: dict[str, int]

    def schema(self, row_limit: int | None) -> pa.Schema:
        """Names and types of the columns, true for the first `row_limit` rows."""
        ...

    def source_types(self) -> Mapping[str, str]:
        """The files' own type words by column; asked after `schema`."""
        ...

    def batches(self, schema: pa.Schema, row_limit: int | None) -> Iterator[pa.RecordBatch]:
        """The rows, at most `row_limit`."""
        ...

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:
        """Rows that can be read, and whether that is all of them; `going_on` is asked after each block."""
        ...


Rows: TypeAlias = "Callable[[SourceModel | None, Sequence[Place]], RowSet]"


class FileSource:
    """Files as a source; `rows` understands them. The `SourceModel` it gets is None for a test and for discovery."""

    def __init__(self, opening: Opening[Any], rows: Rows) -> None:
        self._door = opening.door
        self._origin = FileOrigin(opening)
        self._rows = rows

    def probe(self) -> Iterator[Check]:
        """Reach the file, then read as much of it as the deadline allows; `rows` is figured when it was all."""
        started = time.monotonic()
        places = self._origin.places(None, reserve=min(PARSING_SECONDS, self._door.remaining() / 4))
        places[0].check()
        yield Check(places[0].step, True, places[0].reached, since(started))
        yield self._parsed(places)
        if places[0].step == "request" and self._origin.wants_login and not self._origin.logs_in:
            yield Check("login", None, "No token is given, so none was tried.", 0)

    def streams(self) -> Iterator[Stream]:
        """The files as one stream, with types that hold for its first rows."""
        places = self._origin.places(None)
        yield stream(places[0].name, self._rows(None, places))

    def read(self, request: ReadRequest) -> Reading:
        """Find the schema, then stream the rows, of a window those in it. Raises BAD_DATA, BUSY, OBJECT_MISSING."""
        pattern = getattr(request.source, "pattern", None)
        places = self._origin.places(pattern)
        before = marks(places)
        window = request.window
        rows = self._rows(request.source, places)
        if window is not None and isinstance(rows, Narrowing):
            rows.narrow(window)
        found = reading(rows, None if window else request.row_limit)
        found.batches = steady(found.batches, places, before)
        found.snapshot = state_words(before)
        if window is not None:
            found.batches = inside(found.batches, found.schema, window, request.row_limit)
        return found

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """A file is not told what was read of it."""

    def close(self) -> None:
        self._origin.close()

    def _parsed(self, places: Sequence[Place]) -> Check:
        def cut() -> bool:
            return any(place.cut for place in places)

        started = time.monotonic()
        try:
            rows, whole = self._rows(None, places).count(
                lambda: not cut() and self._door.remaining() > RESERVE_SECONDS
            )
        except Fault:
            if not cut():
                raise
            # What has arrived is no whole file, so that it does not parse says nothing.
            return Check(
                "parse", None, "The file could not be fetched whole within the test's time.", since(started)
            )
        return _counted(rows, started, whole=whole and not cut())


def reading(rows: RowSet, row_limit: int | None) -> Reading:
    """An open read of `rows`."""
    schema = rows.schema(row_limit)
    return Reading(
        schema, rows.batches(schema, row_limit), column_types=rows.source_types(), figures=rows.figures
    )


def stream(name: str, rows: RowSet) -> Stream:
    """`rows` as discovery shows them."""
    schema = rows.schema(SAMPLE_ROWS)
    words = rows.source_types()
    columns = tuple(
        Column(field.name, words.get(field.name, ""), field.type, nullable=field.nullable) for field in schema
    )
    return Stream(name, None, columns)


def _counted(rows: int, started: float, *, whole: bool) -> Check:
    if whole:
        return Check("parse", True, f"{rows} rows parse.", since(started), {"rows": rows})
    if not rows:
        raise Fault(FaultCode.TIMED_OUT, "No row arrived within the time allowed; the server may be slow.")
    return Check("parse", True, f"The first {rows} rows parse; there are more.", since(started))


def since(started: float) -> int:
    """Milliseconds since a moment of `time.monotonic`."""
    return round((time.monotonic() - started) * 1000)
