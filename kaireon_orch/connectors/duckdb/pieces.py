"""A table's rows in batches that are bounded in bytes, however long its values are.

DuckDB makes 2,048 rows at a time, whatever they hold: of values of 1 MB each that is 2 GB. Of a range of row ids it
reads those rows only, so a table is read range by range, each as long as the one before lets expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

PIECE_BYTES: Final = 16 << 20
MAX_ROWS: Final = 50_000
_FIRST_ROWS: Final = 64
_GROWTH: Final = 4


def pieces(connection: duckdb.DuckDBPyConnection, projection: str, base: str) -> Iterator[pa.RecordBatch]:
    """All rows of the table `base`, in its order; both arguments are SQL. DuckDB's errors pass through."""
    [(last,)] = connection.execute(f"SELECT max(rowid) FROM {base}").fetchall()  # noqa: S608  quoted
    end = 0 if last is None else int(last) + 1
    start, rows = 0, _FIRST_ROWS
    while start < end:
        wanted = f"SELECT {projection} FROM {base} WHERE rowid >= {start} AND rowid < {start + rows}"  # noqa: S608  quoted
        try:
            piece = connection.sql(wanted).to_arrow_table()
        except duckdb.OutOfMemoryException:
            if rows == 1:
                raise
            rows = max(1, rows // _GROWTH**2)
            continue
        yield from piece.to_batches()
        start += rows
        rows = _next(rows, piece.nbytes)


def _next(rows: int, took: int) -> int:
    """How many row ids the next piece has, where `rows` of them took so many bytes."""
    return max(1, min(rows * PIECE_BYTES // max(took, 1), rows * _GROWTH, MAX_ROWS))
