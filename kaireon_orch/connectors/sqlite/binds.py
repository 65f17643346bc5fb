"""Values in an SQLite query: bound into a table of the session's own, since the view of the query takes no parameters."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.families.sql import placeholders

if TYPE_CHECKING:
    from adbc_driver_sqlite import dbapi

    from kaireon_orch.contract.binds import Binds, Value

TABLE: Final = "temp.kaireon_params"
_INTEGERS: Final = range(-(2**63), 2**63)


def bound(connection: dbapi.Connection, query: str, binds: Binds) -> str:
    """The query that asks that table. Raises what `placeholders.filled` raises, and TYPE_LOSSY for what SQLite lacks."""

    def write(at: int, value: Value) -> str:
        del value
        return f"(SELECT +p{at} FROM {TABLE})"  # noqa: S608  the sign leaves it without a declared type

    filled = placeholders.filled(query, binds, write, placeholders.SQLITE)
    if binds.values:
        _keep(connection, [_stored(binds, at, value) for at, value in enumerate(binds.values)])
    return filled


def _keep(connection: dbapi.Connection, values: list[Any]) -> None:
    names = [f"p{at}" for at in range(len(values))]
    row = pa.RecordBatch.from_arrays(
        [pa.array([value], pa.string() if value is None else None) for value in values], names=names
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(f"CREATE TEMPORARY TABLE kaireon_params ({', '.join(names)})")
        cursor.executemany(f"INSERT INTO {TABLE} VALUES ({', '.join('?' for _ in names)})", row)  # noqa: S608  a name of ours


def _stored(binds: Binds, at: int, value: Value) -> Any:  # noqa: ANN401  one of SQLite's five
    """The value in one of SQLite's storage classes, such that it reads back the same; moments are told in UTC."""
    why = _lacking(value)
    if why is not None:
        raise placeholders.refused(binds, at, why)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value if value is None or isinstance(value, int | float | bytes) else str(value)


def _lacking(value: Value) -> str | None:
    if isinstance(value, list):
        return "is a list, and SQLite has no arrays: give each item a placeholder of its own"
    if isinstance(value, float) and math.isnan(value):
        return "is not a number (NaN), which SQLite keeps as NULL"
    if isinstance(value, int) and value not in _INTEGERS:
        return "does not fit SQLite's 64 bits"
    if isinstance(value, Decimal) and not _is_kept(value):
        return "has more digits than an SQLite number keeps: give it as a text, or round it"
    return None


def _is_kept(value: Decimal) -> bool:
    """Whether it comes back the same from the number that SQLite makes of it."""
    if not value.is_finite():
        return False
    if value == value.to_integral_value():
        return value in _INTEGERS
    return Decimal(repr(float(value))) == value
