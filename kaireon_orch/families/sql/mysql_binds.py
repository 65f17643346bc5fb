"""Values in a query as MySQL's constants, each of its own type and none that a mode of the server reads otherwise.

Texts and bytes are written in hexadecimal, so there is nothing in them to escape; a moment with a zone is told in UTC,
which is the session's.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kaireon_orch.families.sql import placeholders

if TYPE_CHECKING:
    from kaireon_orch.contract.binds import Binds, Value

MAX_DIGITS: Final = 65
MAX_SCALE: Final = 30
"""Of a DECIMAL; what has more becomes a float or is cut."""


def bound(query: str, binds: Binds) -> str:
    """The query with its values. Raises what `placeholders.filled` raises, and TYPE_LOSSY for what MySQL does not have."""

    def write(at: int, value: Value) -> str:
        why = _lacking(value)
        if why is not None:
            raise placeholders.refused(binds, at, why)
        return f"({_constant(value)})"

    return placeholders.filled(query, binds, write, placeholders.MYSQL)


def _lacking(value: Value) -> str | None:
    if isinstance(value, list):
        return "is a list, and MySQL has no arrays: give each item a placeholder of its own"
    if isinstance(value, float) and not math.isfinite(value):
        return "is no finite number, and MySQL has no other"
    if isinstance(value, int) and len(str(abs(value))) > MAX_DIGITS:
        return f"has more than the {MAX_DIGITS} digits that MySQL keeps exactly"
    if isinstance(value, Decimal) and not _is_kept(value):
        return f"is no number of {MAX_DIGITS} digits, {MAX_SCALE} of them after the point, as MySQL keeps exactly"
    return None


def _is_kept(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    whole, _, fraction = format(abs(value), "f").partition(".")
    return len(fraction) <= MAX_SCALE and len(whole.lstrip("0")) + len(fraction) <= MAX_DIGITS


def _constant(value: Value) -> str:  # noqa: PLR0911  a table, told by type
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value!r}e0" if "e" not in repr(value) else repr(value)  # with an exponent it is a DOUBLE
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP'{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"
    if isinstance(value, dt.date):
        return f"DATE'{value.isoformat()}'"
    if isinstance(value, dt.time):
        return f"TIME'{value.isoformat('microseconds')}'"
    return f"_utf8mb4 x'{str(value).encode().hex()}'"
