"""Conditions of keys that hold by bytes: a column of a DuckDB table may have a collation that passes over letter case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.families.sql.cursors import listed
from kaireon_orch.families.sql.identifiers import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXTS: Final = ("VARCHAR", "ENUM")


def among(column: str, words: str, texts: Sequence[str]) -> str:
    """The condition that a quoted column, whose type is `words`, is one of the keys."""
    constants = list(map(literal, texts))
    if not words.startswith(_TEXTS):
        return listed(column, (f"CAST({each} AS {words})" for each in constants))
    return listed(f"encode(CAST({column} AS VARCHAR))", (f"encode({each})" for each in constants))
