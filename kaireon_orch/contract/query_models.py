"""Queries in a system's own JSON: what the search types share, and what such a query must not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from kaireon_orch.contract.fields import Name
from kaireon_orch.contract.spec import SourceModel

Clause = dict[str, Any]


def refusing(*words: str) -> Callable[[Clause], Clause]:
    """A validator that refuses a query which holds one of `words` as a key, however deep: they run code."""
    refused = frozenset(words)

    def check(query: Clause) -> Clause:
        if _holds(query, refused):
            raise ValueError(f"may not hold {', '.join(words)}")
        return query

    return check


def _holds(value: object, refused: frozenset[str]) -> bool:
    if isinstance(value, Mapping):
        return any(key in refused or _holds(part, refused) for key, part in value.items())
    return isinstance(value, list) and any(_holds(part, refused) for part in value)


Index = Annotated[
    Name,
    Field(
        title="Index",
        description="Index, alias, data stream or pattern to read.",
        examples=["orders-*"],
    ),
]
SearchQuery = Annotated[
    Clause,
    AfterValidator(refusing("script", "script_score")),
    Field(
        title="Query",
        description="A query clause in the search language; scripts are refused.",
        max_length=100,
        examples=[{"term": {"status": "open"}}],
    ),
]


class IndexSource(SourceModel):
    """Which documents of a search index."""

    index: Index | None = None
    query: SearchQuery | None = None
