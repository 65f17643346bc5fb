"""Columns that folders named `key=value` give to the files below them, as Hive and Spark lay tables out."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import pyarrow as pa

from kaireon_orch.families.files.csv_types import FoundType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"


def partition_texts(path: str) -> dict[str, str | None]:
    """Key and value of each such folder of a path, as text; NULL for Hive's own word for it."""
    found: dict[str, str | None] = {}
    for part in PurePath(path).parts[:-1]:
        key, equals, value = part.partition("=")
        if equals and key:
            found[unquote(key)] = None if value == NO_VALUE else unquote(value)
    return found


def partition_columns(paths: Sequence[str]) -> list[dict[str, pa.Scalar]]:
    """For each path its columns; the type of one is found on all paths, and changes no value."""
    texts = [partition_texts(path) for path in paths]
    found: dict[str, FoundType] = {}
    for one in texts:
        for key, value in one.items():
            found.setdefault(key, FoundType()).see(pa.array([value], pa.string()))
    types = {key: _type(each.type()) for key, each in found.items()}
    return [_scalars(one, types) for one in texts]


def _type(type_: pa.DataType) -> pa.DataType:
    """Folders hold numbers and days; what else they hold stays the text that it is."""
    return type_ if pa.types.is_int64(type_) or pa.types.is_date(type_) else pa.string()


def _scalars(texts: Mapping[str, str | None], types: Mapping[str, pa.DataType]) -> dict[str, pa.Scalar]:
    return {
        key: pa.array([texts[key]], pa.string()).cast(type_)[0]
        for key, type_ in types.items()
        if key in texts
    }
