"""Python identifiers from names that people gave: a connector's `resourceKey`, the last part of a pipeline's `assetKey`."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

LONGEST = 200
SUFFIX = 6
# Dagster hands its own context to a parameter of this name, so no resource could have it.
TAKEN_BY_DAGSTER = frozenset({"context"})

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHERS = re.compile(r"[^a-z0-9]+")


def snake(name: str) -> str:
    """`name` in ASCII snake case, `Orders (EU)` as `orders_eu`; empty where nothing of it is a letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    words = _OTHERS.sub("_", _HUMPS.sub("_", plain).lower()).strip("_")
    return words[:LONGEST].rstrip("_")


def identifier(name: str, record_id: str, taken: Container[str] = ()) -> str:
    """A Python identifier for a record.

    It carries the end of the record's id where the name alone gives nothing, a keyword, or one that is `taken`.
    """
    words = snake(name)
    if words[:1].isdigit():
        words = f"_{words}"
    if words and not _reserved(words) and words not in taken:
        return words
    kind, _, serial = record_id.rpartition("_")
    return f"{words or kind}_{serial[-SUFFIX:]}"


def _reserved(words: str) -> bool:
    return keyword.iskeyword(words) or words in TAKEN_BY_DAGSTER
