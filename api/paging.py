"""`limit` and `cursor` of every list, and flags in a query, read without pydantic's leniency."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)


def _whole(value: object) -> object:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("takes a whole number in digits")
    return value


def _flag(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("takes true or false")
    return value


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for."""

    limit: int
    cursor: str | None


async def window(
    limit: Annotated[
        int, BeforeValidator(_whole), Query(ge=1, le=MAX_LIMIT, description="Items in a page.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(description="`pagination.cursor` of the page before: the id of its last item.")
    ] = None,
) -> Window:
    return Window(limit, cursor)


Paging = Annotated[Window, Depends(window)]
Flag = Annotated[bool, BeforeValidator(_flag)]
