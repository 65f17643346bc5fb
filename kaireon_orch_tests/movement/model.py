"""What each load mode promises, as a few lines over plain dictionaries: the judge of what a target holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import FaultCode

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]
Ended = FaultCode | tuple[int, int]


@dataclass(frozen=True)
class Terms:
    """A pipeline's terms, as its fields say them."""

    mode: str
    key: tuple[str, ...] = ()
    cursor: str | None = None
    lookback: int | None = None
    keep_vanished: bool = False


@dataclass
class Model:
    """A target's table. Versions are rows that carry `open`; columns that came later are NULL before.

    `whole_rows`: a row that takes another's place has NULL where the load has no such column.
    """

    terms: Terms
    whole_rows: bool = False
    columns: list[str] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    mark: int | None = None

    def load(
        self, columns: Sequence[str], rows: Sequence[Row], *, row_limit: int | None, full_refresh: bool
    ) -> Ended:
        """One run over a source of `rows`: rows read and loaded, or the code it ends with; nothing changes then."""
        if self.terms.mode == "incremental_watermark":
            return self._load_from_mark(columns, rows, row_limit, full_refresh=full_refresh)
        read = list(rows if row_limit is None else rows[:row_limit])
        if self.terms.mode == "scd2":
            if row_limit is not None and len(read) >= row_limit:
                return FaultCode.LIMIT_REACHED
            return len(read), self._versions(columns, read)
        if self.terms.mode == "upsert":
            return len(read), self._merge(columns, read)
        if self.terms.mode != "append":
            if not read:
                return FaultCode.EMPTY_SOURCE
            self.held = []
        return len(read), self._add(columns, read)

    def names(self) -> list[str]:
        """The columns to compare; of versions the end and whether they hold come last."""
        return [*sorted(self.columns), *(("is_current", "valid_to") if self.terms.mode == "scd2" else ())]

    def selected(self) -> str:
        """The columns to compare, as SQL."""
        return ", ".join(self.names())

    def told(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row of `names` as `shown` has it."""
        if self.terms.mode != "scd2":
            return tuple(row)
        *plain, current, until = row
        return (*plain, bool(current), until is None)

    def shown(self) -> list[tuple[Any, ...]]:
        """The rows that must be there, in an order of its own."""
        rows = [
            tuple(row.get(name) for name in sorted(self.columns))
            + ((row["open"], row["open"]) if self.terms.mode == "scd2" else ())
            for row in self.held
        ]
        return sorted(rows, key=repr)

    def _load_from_mark(
        self, columns: Sequence[str], rows: Sequence[Row], limit: int | None, *, full_refresh: bool
    ) -> Ended:
        keyed, cursor = bool(self.terms.key), str(self.terms.cursor)
        mark = None if full_refresh else self.mark
        from_ = None if mark is None else mark - (self.terms.lookback or 0)
        marked = [row for row in rows if row[cursor] is not None]
        new = [
            row for row in marked if from_ is None or row[cursor] > from_ or (keyed and row[cursor] == from_)
        ]
        new.sort(key=lambda row: (row[cursor], [row[name] for name in self.terms.key]))
        read = _cut(new, cursor, limit, whole_ties=not keyed)
        last = max([row[cursor] for row in read], default=None)
        further = last if mark is None or (last is not None and last > mark) else mark
        if limit is not None and len(new) > len(read):
            stuck = (mark is not None and further == mark) if keyed else not read
            if stuck:
                return FaultCode.LIMIT_REACHED
        if full_refresh and not keyed:
            if not read:
                return FaultCode.EMPTY_SOURCE
            self.held = []
        self.mark = further
        loaded = self._merge(columns, read) if keyed else self._add(columns, read)
        return len(read), loaded

    def _know(self, columns: Sequence[str]) -> None:
        self.columns += [name for name in columns if name not in self.columns]

    def _add(self, columns: Sequence[str], rows: Sequence[Row]) -> int:
        self._know(columns)
        self.held += [dict(row) for row in rows]
        return len(rows)

    def _merge(self, columns: Sequence[str], rows: Sequence[Row]) -> int:
        self._know(columns)
        best = self._latest(rows)
        there = {self._key(row): row for row in self.held}
        for key, row in best.items():
            if key in there:
                if self.whole_rows:
                    there[key].clear()
                there[key].update(row)
            else:
                self.held.append(dict(row))
        return len(best)

    def _versions(self, columns: Sequence[str], rows: Sequence[Row]) -> int:
        self._know(columns)
        best = self._latest(rows)
        opened = 0
        for held in [row for row in self.held if row["open"]]:
            given = best.get(self._key(held))
            if given is None:
                held["open"] = self.terms.keep_vanished
            elif any(held.get(name) != value for name, value in given.items()):
                held["open"] = False
        open_keys = {self._key(row) for row in self.held if row["open"]}
        for key, row in best.items():
            if key not in open_keys:
                self.held.append({**row, "open": True})
                opened += 1
        return opened

    def _latest(self, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
        best: dict[tuple[Any, ...], Row] = {}
        for row in rows:
            key = self._key(row)
            if key not in best or self._rank(row) >= self._rank(best[key]):
                best[key] = row
        return best

    def _rank(self, row: Row) -> tuple[bool, int]:
        value = row[self.terms.cursor] if self.terms.cursor else 0
        return value is not None, value or 0

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.terms.key)


def _cut(rows: Sequence[Row], cursor: str, limit: int | None, *, whole_ties: bool) -> list[Row]:
    """At most `limit` rows; of a cursor value that would be cut in two none at all."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    read = list(rows[:limit])
    return [row for row in read if row[cursor] != rows[limit][cursor]] if whole_ties else read
