"""PostgreSQL's binary COPY as a form that passes from server to server, with no value unpacked.

Its wire carries no types but the numbers (OIDs) of what arrays hold, so only types pass whose number and bytes are the
same everywhere: built-in ones, between servers of one major version. What numbers another object of its server (`reg…`),
or means something by the server's settings (`money`), does not; nor does `xml`, which is written anew on its way.
"""

from __future__ import annotations

import re
import select
from typing import TYPE_CHECKING, Final

from psycopg import OperationalError, pq

from kaireon_orch.contract.raw import RawFit
from kaireon_orch.families.sql import pg_session, sqlstate
from kaireon_orch.families.sql.identifiers import quote_all

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from psycopg.pq.abc import PGconn

    from kaireon_orch.families.sql.pg_catalog import Connection
    from kaireon_orch.families.sql.pg_types import PgType

CHUNK_BYTES: Final = 256 << 10
POLL_MILLISECONDS: Final = 250
_NO_ROWS: Final = 21
"""Bytes of a stream of no rows: a signature of 11, flags and an extension's length of 4 each, and an end of 2."""

_NUMBERS: Final = ("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "oid", "pg_lsn")
_STRINGS: Final = (
    "text",
    "varchar",
    "bpchar",
    "char",
    "name",
    "bytea",
    "bit",
    "varbit",
    "json",
    "jsonb",
    "jsonpath",
)
_TIMES: Final = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")
_PLACES: Final = (
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
)
_RANGES: Final = ("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange")
_SETS: Final = (
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "datemultirange",
    "tsmultirange",
    "tstzmultirange",
)
_OTHERS: Final = ("uuid", "tsvector", "tsquery")
_BUILT_IN: Final = frozenset((*_NUMBERS, *_STRINGS, *_TIMES, *_PLACES, *_RANGES, *_SETS, *_OTHERS))
_TEXTS: Final = ("text", "character varying", "character")
_WHOLE: Final = ("smallint", "integer", "bigint")
_MODIFIED: Final = re.compile(r"([a-z ]+)\((\d+)(?:,(\d+))?\)")


def form(connection: Connection) -> str:
    """The form that a server reads and writes."""
    return f"postgresql {connection.info.server_version // 10_000} binary"


def raw_words(type_: PgType) -> str | None:
    """A column's type in the form, domains by their base type; None where it does not pass. An enum's bytes are text."""
    if type_.kind == "e":
        return "text"
    passes = type_.built_in and (type_.item if type_.name.startswith("_") else type_.name) in _BUILT_IN
    return type_.words if passes else None


def fit(words: str, native: str) -> RawFit:
    """Whether each value of the type `words` is itself, byte for byte, in a column of the type `native`."""
    if words == native or _holds(native, words):
        return RawFit.KEEP
    return RawFit.WIDEN if _widens(native, words) else RawFit.REFUSE


def _holds(native: str, words: str) -> bool:
    """Without a bound, texts are texts and numbers numbers on the wire."""
    given = _parts(words)[0]
    return (native in _TEXTS[:2] and given in _TEXTS) or (native == "numeric" and given == "numeric")


def _widens(native: str, words: str) -> bool:
    """Whether a column of the type `native` may become `words` and loses nothing."""
    if native in _WHOLE and words in _WHOLE:
        return _WHOLE.index(words) > _WHOLE.index(native)
    if (native, words) == ("real", "double precision"):
        return True
    (kind, bounds), (wanted, new) = _parts(native), _parts(words)
    if kind != wanted or not bounds:
        return False
    if kind == "character varying":
        return not new or new[0] >= bounds[0]
    return kind == "numeric" and (not new or _wider_number(bounds, new))


def _wider_number(held: Sequence[int], new: Sequence[int]) -> bool:
    return new[0] - new[1] >= held[0] - held[1] and new[1] >= held[1]


def _parts(words: str) -> tuple[str, list[int]]:
    """A type and its modifiers, where those are numbers at the end."""
    found = _MODIFIED.fullmatch(words)
    return (words, []) if found is None else (found[1], [int(part) for part in found.groups()[1:] if part])


class CopyRows:
    """The rows of a SELECT by COPY, in the connection's transaction. `origin` is what follows FROM."""

    def __init__(
        self, connection: Connection, origin: str, types: Mapping[str, str], required: Collection[str]
    ) -> None:
        self.form = form(connection)
        self.types = types
        self.required = required
        self.rows = 0
        self._connection = connection
        self._origin = origin

    def chunks(self, columns: Sequence[str]) -> Iterator[memoryview]:
        """See `contract.raw.RawRows`."""
        statement = f"COPY (SELECT {quote_all(columns)} FROM {self._origin}) TO STDOUT (FORMAT BINARY)"  # noqa: S608  quoted
        server = self._connection.pgconn
        try:
            _begin(server, statement)
            yield from _chunks(server)
            self.rows = _end(server)
        except OperationalError:
            raise sqlstate.fault(None) from None


def _begin(server: PGconn, statement: str) -> None:
    """Sent with parameters, though there are none: the server then takes one statement and no more."""
    result = server.exec_params(statement.encode(), [])
    if result.status != pq.ExecStatus.COPY_OUT:
        raise pg_session.result_fault(result)


def _end(server: PGconn) -> int:
    """The rows of a stream that was complete. Raises the `Fault` with which the server ended it."""
    rows = None
    while (result := server.get_result()) is not None:
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise pg_session.result_fault(result)
        rows = result.command_tuples
    return rows or 0


def _chunks(server: PGconn) -> Iterator[memoryview]:
    """The server's messages, which are a row each, put together; nothing where no row is among them."""
    ready = select.poll()
    ready.register(server.socket, select.POLLIN)
    least, ended = _NO_ROWS, False
    while not ended:
        chunk, ended = _gathered(server, ready)
        if len(chunk) > least:
            yield memoryview(chunk)
            least = 0  # the signature has gone out


def _gathered(server: PGconn, ready: select.poll) -> tuple[bytearray, bool]:
    """About a chunk of messages, and whether the last is among them.

    Never waits inside libpq, so that other threads run. Messages are copied at once: kept, they would be so many objects
    for the collector to look at.
    """
    chunk = bytearray()
    receive = server.get_copy_data
    while len(chunk) < CHUNK_BYTES:
        size, message = receive(1)
        if size > 0:
            chunk += message
        elif size == 0:
            _await(server, ready)
        else:
            return chunk, True
    return chunk, False


def _await(server: PGconn, ready: select.poll) -> None:
    while not ready.poll(POLL_MILLISECONDS):
        pass
    server.consume_input()
