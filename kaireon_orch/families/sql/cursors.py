"""Which columns can mark how far a table was read, and the condition that a read from there on has."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import keys
from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kaireon_orch.contract.source import Column, ReadRequest, Window

    Among: TypeAlias = Callable[[str, Sequence[str]], str]


def candidates(columns: Sequence[Column]) -> tuple[str, ...]:
    """Times and dates, then whole numbers that are the only key; the user knows whether they only grow."""
    times = [column.name for column in columns if _is_time(column.arrow_type)]
    keys = [column for column in columns if column.key]
    whole = [key.name for key in keys if len(keys) == 1 and pa.types.is_integer(key.arrow_type)]
    return (*times, *whole)


def _is_time(type_: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(type_) or pa.types.is_date(type_))


def fitted(request: ReadRequest, schema: pa.Schema) -> ReadRequest:
    """The request, its window's edges or keys in the form of the column that the rows of `schema` have."""
    if request.window is None:
        return request
    return replace(request, window=typed(request.window, schema))


def typed(window: Window, schema: pa.Schema) -> Window:
    """The window in its column's form: days as they are told, moments in UTC, where a time without a zone is.

    Raises `Fault` OBJECT_MISSING for keys of a column that `schema` does not have, NOT_SUPPORTED for a key that is none
    of its values.
    """
    if window.keys is not None:
        return replace(window, keys=keys.canonical(window.keys, _field(window.column, schema)))
    if window.column not in schema.names:
        return window
    type_ = schema.field(window.column).type
    start, end = (_edge(edge, type_) for edge in (window.start, window.end))
    return replace(window, start=start, end=end)


def _field(column: str, schema: pa.Schema) -> pa.Field:
    if column not in schema.names:
        raise Fault(FaultCode.OBJECT_MISSING, f"The partition's column {column!r} is not among those read.")
    return schema.field(column)


def _edge(value: Any, type_: pa.DataType) -> Any:  # noqa: ANN401  as the run's request has it
    if not isinstance(value, str) or not _is_time(type_):
        return value
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return value  # the database judges it
    if pa.types.is_date(type_):
        return moment.date().isoformat()
    utc = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (utc if type_.tz else utc.replace(tzinfo=None)).isoformat()


def window_condition(window: Window, schema: pa.Schema, among: Among) -> str:
    """Where a table's rows are of the window; the constants take the type of the column, which `schema` has.

    `among` makes the condition of keys.
    """
    column, fitting = quote(window.column), typed(window, schema)
    if fitting.keys is not None:
        return among(window.column, fitting.keys)
    start, end = (literal(str(edge)) for edge in (fitting.start, fitting.end))
    return f"{column} >= {start} AND {column} < {end}"


def listed(expression: str, constants: Iterable[str]) -> str:
    """The condition that an expression is one of several constants."""
    return f"{expression} IN ({', '.join(constants)})"


def plain_among(column: str, texts: Sequence[str]) -> str:
    """Keys as quoted constants, for a database that compares texts by their bytes."""
    return listed(quote(column), map(literal, texts))


def plain_constant(_column: str, value: Any) -> str:  # noqa: ANN401  a watermark's value, from JSON
    """The value as an SQL constant of its own JSON type."""
    return constant(value)


def text_constant(_column: str, value: Any) -> str:  # noqa: ANN401  as above
    """A quoted constant, for databases that give it the type of the column beside it."""
    return literal(str(value))


@dataclass(frozen=True, slots=True)
class Place:
    """How a database writes a column, such that its order is the column's own, and a value to compare it with.

    `among` is the condition that a column is one of the keys, exactly: the database's own equality may pass over letter
    case, accents and spaces at the end.
    """

    column: Callable[[str], str] = quote
    constant: Callable[[str, Any], str] = plain_constant
    among: Among = plain_among


PLAIN: Final = Place()


def of_source(column: str) -> str:
    """A column of the rows called `source`; qualified, since a bare name in ORDER BY means what was selected."""
    return quote("source", column)


def clauses(request: ReadRequest, base: str = "", place: Place = PLAIN) -> str:
    """WHERE, ORDER BY and LIMIT of a read of `base`, each with a leading space; empty where nothing is asked."""
    conditions = _conditions(request, place)
    limit = "" if request.row_limit is None else f" LIMIT {int(request.row_limit)}"
    if request.cursor is None:
        return _where(conditions) + limit
    if request.cursor.whole_ties and request.row_limit is not None:
        conditions = [*conditions, _uncut(request, base, place, conditions)]
    columns = dict.fromkeys((request.cursor.column, *request.cursor.order_by))
    return f"{_where(conditions)} ORDER BY {', '.join(map(place.column, columns))}{limit}"


def unmarked(request: ReadRequest, base: str, place: Place = PLAIN) -> str | None:
    """The query that counts the rows whose cursor is NULL; None where there is no cursor."""
    if request.cursor is None:
        return None
    conditions = [f"{place.column(request.cursor.column)} IS NULL", *_window(request, place)]
    return f"SELECT count(*) FROM {base}{_where(conditions)}"  # noqa: S608  quoted


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _uncut(request: ReadRequest, base: str, place: Place, conditions: Sequence[str]) -> str:
    """Before the first row that the limit leaves out, if there is one: what has its cursor value waits for it."""
    column = place.column(request.cursor.column if request.cursor else "")
    first_out = f"SELECT {column} FROM {base}{_where(conditions)} ORDER BY {column} LIMIT 1 OFFSET {int(request.row_limit or 0)}"  # noqa: S608  quoted
    return f"coalesce({column} < ({first_out}), TRUE)"


def _conditions(request: ReadRequest, place: Place) -> list[str]:
    cursor = request.cursor
    if cursor is None:
        return _window(request, place)
    column = place.column(cursor.column)
    if cursor.after is None:
        return [f"{column} IS NOT NULL", *_window(request, place)]
    compared = ">=" if cursor.inclusive else ">"
    return [f"{column} {compared} {place.constant(cursor.column, cursor.after)}", *_window(request, place)]


def _window(request: ReadRequest, place: Place) -> list[str]:
    window = request.window
    if window is None:
        return []
    if window.keys is not None:
        return [place.among(window.column, window.keys)]
    column = place.column(window.column)
    start, end = (place.constant(window.column, edge) for edge in (window.start, window.end))
    return [f"{column} >= {start}", f"{column} < {end}"]


def constant(value: Any) -> str:  # noqa: ANN401  a watermark's value, from JSON
    """The value as an SQL constant; times are ISO 8601 text, which every database of ours reads."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return literal(value.isoformat())
    return literal(str(value))
