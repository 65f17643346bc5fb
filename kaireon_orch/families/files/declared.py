"""Types that a user has declared by column, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


def declared_types(words: Mapping[str, str] | None) -> dict[str, pa.DataType]:
    """The Arrow types. Raises `Fault` BAD_DATA naming the nearest for words that name none."""
    return {column: _type(column, text) for column, text in (words or {}).items()}


def _type(column: str, words: str) -> pa.DataType:
    type_ = arrow.parse_type(words)
    if type_ is None:
        raise Fault(
            FaultCode.BAD_DATA,
            f"types: {words!r} of column {column!r} is no Arrow type; did you mean {arrow.nearest_type(words)!r}?",
        )
    return type_
