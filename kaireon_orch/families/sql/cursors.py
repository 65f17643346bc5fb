"""Which columns can mark how far a table was read, and the condition that a read from there on has."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kaireon_orch.contract.source import Column, ReadRequest


def candidates(columns: Sequence[Column]) -> tuple[str, ...]:
    """Times and dates, then whole numbers that are the only key; the user knows whether they only grow."""
    times = [column.name for column in columns if _is_time(column.arrow_type)]
    keys = [column for column in columns if column.key]
    whole = [key.name for key in keys if len(keys) == 1 and pa.types.is_integer(key.arrow_type)]
    return (*times, *whole)


def _is_time(type_: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(type_) or pa.types.is_date(type_))


def clauses(request: ReadRequest) -> str:
    """WHERE, ORDER BY and LIMIT of a read, each with a leading space; empty where nothing is asked."""
    conditions = _conditions(request)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ""
    if request.cursor is not None:
        columns = dict.fromkeys((request.cursor.column, *request.cursor.order_by))
        order = f" ORDER BY {', '.join(quote(column) for column in columns)}"
    limit = "" if request.row_limit is None else f" LIMIT {int(request.row_limit)}"
    return where + order + limit


def _conditions(request: ReadRequest) -> list[str]:
    found = []
    cursor, window = request.cursor, request.window
    if cursor is not None:
        column = quote(cursor.column)
        after = (
            "IS NOT NULL"
            if cursor.after is None
            else f"{'>=' if cursor.inclusive else '>'} {constant(cursor.after)}"
        )
        found.append(f"{column} {after}")
    if window is not None:
        column = quote(window.column)
        found.append(f"{column} >= {constant(window.start)} AND {column} < {constant(window.end)}")
    return found


def constant(value: Any) -> str:  # noqa: ANN401  a watermark's value, from JSON
    """The value as an SQL constant; times are ISO 8601 text, which every database of ours reads."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return literal(value.isoformat())
    return literal(str(value))
