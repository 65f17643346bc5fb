"""Read a MySQL table in ranges of its primary key by connectorx.

connectorx costs least, but it holds a whole result in memory, opens connections of its own and dies of a zero date. So
each range is bounded in rows and bytes; one that it does not take is read again by `mysql_reading`, which names column,
row and value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import connectorx

from kaireon_orch.families.sql.mysql_query import quote
from kaireon_orch.families.sql.mysql_reading import BATCH_ROWS, streamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from kaireon_orch.families.sql.mysql_reading import Projection
    from kaireon_orch.families.sql.mysql_session import Session

RANGE_ROWS: Final = 100_000
RANGE_BYTES: Final = 48 << 20
MOST_FAILURES: Final = 3


@dataclass(slots=True)
class Ranges:
    """A table that is read in ranges of `key`: where connectorx connects, and what it selects.

    `where` is the condition on every range, with a leading space; empty where there is none. A failure of connectorx
    may cost half a minute of waiting for a connection, so after `MOST_FAILURES` it is not asked again.
    """

    url: str
    base: str
    key: str
    where: str
    row_limit: int | None
    before_each: tuple[str, ...]
    _failures: int = 0

    def batches(self, session: Session, of: Projection, batch_bytes: int) -> Iterator[pa.RecordBatch]:
        """The table's rows in the key's order; each range is complete in memory before its first batch is given."""
        last: int | None = None
        before, rows = 0, RANGE_ROWS
        while self.row_limit is None or before < self.row_limit:
            left = None if self.row_limit is None else self.row_limit - before
            upper, rows = self._bounded(session, of, last, rows if left is None else min(rows, left))
            if upper is None:
                return
            select = self._select(of, last, upper, left)
            for batch in self._range(session, of, select, batch_bytes, before):
                before += batch.num_rows
                yield batch
            last, rows = upper, min(RANGE_ROWS, rows * 2)

    def _select(self, of: Projection, last: int | None, upper: int, left: int | None) -> str:
        """A whole range, whatever was added to it since it was measured; `left`: rows that the read may still have."""
        where = self._where(last, f"{quote(self.key)} <= {upper}")
        limit = "" if left is None else f" LIMIT {left}"
        return f"SELECT {of.expressions()} FROM {self.base}{where} ORDER BY {quote(self.key)}{limit}"  # noqa: S608  quoted

    def _where(self, last: int | None, *more: str) -> str:
        after = () if last is None else (f"{quote(self.key)} > {last}",)
        return " AND ".join((self.where or " WHERE TRUE", *after, *more))

    def _bounded(
        self, session: Session, of: Projection, last: int | None, rows: int
    ) -> tuple[int | None, int]:
        """The greatest key of the next range, and its rows: fewer than asked where their long values would be too much."""
        long = [f"COALESCE(LENGTH({quote(name)}), 0)" for name, type_ in of.types if type_.is_long]
        size = " + ".join(long) or "0"
        while True:
            rest = f"{self._where(last)} ORDER BY {quote(self.key)} LIMIT {rows}"
            inner = f"SELECT {quote(self.key)} AS k, {size} AS b FROM {self.base}{rest}"  # noqa: S608  quoted
            counted = f"SELECT MAX(k), SUM(b), COUNT(*) FROM ({inner}) AS r"  # noqa: S608  quoted
            (upper, total, found), *_ = session.execute(counted)
            if upper is None:
                return None, rows
            if rows == 1 or int(total) <= RANGE_BYTES:
                return int(upper), rows
            rows = max(1, min(rows // 2, int(found) * RANGE_BYTES // int(total)))

    def _range(
        self, session: Session, of: Projection, select: str, batch_bytes: int, before: int
    ) -> Iterator[pa.RecordBatch]:
        read = self._fast(select)
        if read is None:
            yield from streamed(session, select, of, batch_bytes, before)
            return
        for part in read.to_batches(max_chunksize=BATCH_ROWS):
            yield of.converted(part.columns, before)
            before += part.num_rows

    def _fast(self, select: str) -> pa.Table | None:
        """The range by connectorx; None where it fails, whatever the reason: the other way tells it."""
        if self._failures >= MOST_FAILURES:
            return None
        try:
            return connectorx.read_sql(
                self.url, select, return_type="arrow", pre_execution_query=list(self.before_each)
            )
        except Exception:  # noqa: BLE001  it raises RuntimeError without a code
            self._failures += 1
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":  # else a panic of the Rust side
                raise
            self._failures += 1
        return None
