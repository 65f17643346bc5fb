"""What a table holds, asked in SQL that PostgreSQL, MySQL and DuckDB share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.load import Tally
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS: Final = 60
"""A count that takes longer is given up: it must not hold up the loads behind it."""


def statement(table: str, key: Sequence[str], current: str | None = None) -> str:
    """A SELECT of one row for `of`. Names come quoted; `current` is the column that marks the versions that count."""
    if not key:
        return f"SELECT count(*), 0, 0 FROM {table}"  # noqa: S608  quoted
    only = f"{current} AND " if current else ""
    lacking = " OR ".join(f"{name} IS NULL" for name in key)
    whole = " AND ".join(f"{name} IS NOT NULL" for name in key)
    twice = (
        f"SELECT count(*) - 1 AS more FROM {table} WHERE {only}{whole} "  # noqa: S608  quoted
        f"GROUP BY {', '.join(key)} HAVING count(*) > 1"
    )
    return (
        f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM {table} WHERE {only}({lacking})), "  # noqa: S608  quoted
        f"(SELECT coalesce(sum(more), 0) FROM ({twice}) AS twice)"
    )


def of(row: Sequence[object] | None) -> Tally:
    """The statement's row."""
    if row is None:
        raise Fault(FaultCode.UNEXPECTED, "The table's rows could not be counted.")
    rows, nulls, duplicates = (int(str(value)) for value in row)
    return Tally(rows, nulls, duplicates)
