"""Values in a DuckDB query, bound by the driver under names of ours."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kaireon_orch.families.sql import placeholders

if TYPE_CHECKING:
    from kaireon_orch.contract.binds import Binds, Scalar, Value

MAX_DIGITS: Final = 38
_INTEGERS: Final = range(-(2**127), 2**127)


def bound(query: str, binds: Binds) -> tuple[str, dict[str, Value]]:
    """The query and its values by name. Raises what `placeholders.filled` raises, and TYPE_LOSSY for too many digits."""
    given: dict[str, Value] = {}

    def write(at: int, value: Value) -> str:
        for item in value if isinstance(value, list) else [value]:
            _demand_kept(binds, at, item)
        given[f"kaireon_{at}"] = value
        return f"$kaireon_{at}"

    return placeholders.filled(query, binds, write), given


def _demand_kept(binds: Binds, at: int, item: Scalar) -> None:
    """What is longer would become a floating-point number without a word."""
    if isinstance(item, int) and item not in _INTEGERS:
        raise placeholders.refused(binds, at, "does not fit DuckDB's 128 bits")
    if isinstance(item, Decimal) and not _is_kept(item):
        raise placeholders.refused(
            binds, at, f"is no number of the {MAX_DIGITS} digits that DuckDB keeps exactly"
        )


def _is_kept(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False
    return -exponent < MAX_DIGITS and len(digits) + max(exponent, 0) <= MAX_DIGITS
