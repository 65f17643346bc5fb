"""Pages of lists, newest first: the cursor is the last item's id and works even when its row is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import func, tuple_

from kaireon_orch.control import ids
from kaireon_orch.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    Key = tuple[InstrumentedAttribute[int], InstrumentedAttribute[str]]

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

Item = TypeVar("Item")
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page. `total` counts all rows of the list; `cursor` is what to send next, None at the end."""

    data: list[Item]
    total: int
    has_more: bool
    limit: int
    cursor: str | None

    def shown(self, view: Callable[[Item], Shown]) -> Page[Shown]:
        """The same page with every item turned into what the caller sees."""
        return Page([view(item) for item in self.data], self.total, self.has_more, self.limit, self.cursor)


def checked_limit(limit: int | str | None) -> int:
    """A page size between 1 and 100, 20 where none is given; `InvalidInput` else."""
    if limit is None:
        return DEFAULT_LIMIT
    text = str(limit)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise InvalidInput(
        "The page size is out of bounds.", [FieldError("limit", f"must be an integer from 1 to {MAX_LIMIT}")]
    )


def time_in(prefix: str) -> Callable[[str], int]:
    """What reads the sort key out of an id with this prefix, and raises `InvalidInput` where it is no such id."""

    def time_of(cursor: str) -> int:
        try:
            made = ids.time_of(cursor)
        except ValueError:
            raise bad_cursor() from None
        if not cursor.startswith(f"{prefix}_"):
            raise bad_cursor()
        return made

    return time_of


def bad_cursor() -> InvalidInput:
    """The answer to a cursor that no page has handed out."""
    return InvalidInput(
        "The cursor is unknown.", [FieldError("cursor", "must be the id of a page's last item")]
    )


def fetch(
    session: Session,
    statement: Select[Item],
    key: Key,
    *,
    limit: int | str | None,
    cursor: str | None,
    time_of: Callable[[str], int],
    kept: Select[int] | None = None,
) -> Page[Item]:
    """One page of `statement` by `key`, descending: (time in ms, id), the order of an index.

    `time_of` tells the cursor's time; `time_in` reads it out of the id, so the row is not needed.
    `kept` selects the total where the registry keeps it; counting takes the longer the more rows there are.
    Raises `InvalidInput` for a bad limit or cursor.
    """
    size = checked_limit(limit)
    page = _from(statement, key, size, cursor, time_of)
    total = session.scalar(_counting(statement, kept)) or 0
    return _cut(list(session.scalars(page)), total, size, key)


def fetch_plain(
    connection: Connection,
    statement: Select[Any],
    key: Key,
    *,
    limit: int | str | None,
    cursor: str | None,
    time_of: Callable[[str], int],
    kept: Select[int] | None = None,
) -> Page[Row[Any]]:
    """As `fetch`, of plain rows, which takes half the time."""
    size = checked_limit(limit)
    page = _from(statement, key, size, cursor, time_of)
    total = connection.scalar(_counting(statement, kept)) or 0
    return _cut(connection.execute(page).all(), total, size, key)


def _counting(statement: Select[Any], kept: Select[int] | None) -> Select[int]:
    return statement.with_only_columns(func.count()) if kept is None else kept


def _from(
    statement: Select[Item], key: Key, size: int, cursor: str | None, time_of: Callable[[str], int]
) -> Select[Item]:
    """One row more than the page has, which tells whether there is a next one."""
    if cursor is not None:
        statement = statement.where(tuple_(*key) < tuple_(time_of(cursor), cursor))
    return statement.order_by(key[0].desc(), key[1].desc()).limit(size + 1)


def _cut(found: Sequence[Any], total: int, size: int, key: Key) -> Page[Any]:
    has_more = len(found) > size
    data = list(found[:size])
    return Page(data, total, has_more, size, getattr(data[-1], key[1].key) if has_more else None)
