"""DuckDB's types and Arrow's: how a column is read exactly, and what a new column is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIMPLE: Final[Mapping[str, pa.DataType]] = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP_S": pa.timestamp("s"),
    "TIMESTAMP_MS": pa.timestamp("ms"),
    "TIMESTAMP_NS": pa.timestamp("ns"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "UUID": pa.uuid(),
    "JSON": pa.json_(),
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_ENUM: Final = re.compile(r"ENUM\(.*\)", re.DOTALL)
_LIST: Final = re.compile(r"(.+)\[\]", re.DOTALL)
_AS_JSON: Final = re.compile(r"(STRUCT|MAP|UNION)\(.*\)|.*\[\d*\]", re.DOTALL)
"""A union's text would not tell which of its members holds."""
_WHOLE: Final = frozenset({"HUGEINT", "UHUGEINT", "BIGNUM", "VARINT"})


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How one column is read: the expression for it, and the field that its values fit exactly.

    `is_nested`: the values become JSON.
    """

    expression: str
    field: pa.Field
    is_nested: bool = False


def read_as(name: str, words: str) -> ReadAs:
    """How a column of DuckDB's type `words` is read; what Arrow has no exact type for comes as tagged text."""
    column = quote(name)
    type_ = _arrow(words)
    if type_ is not None:
        return ReadAs(column, pa.field(name, type_))
    text = f"CAST({column} AS VARCHAR) AS {column}"
    if words in _WHOLE:
        return ReadAs(text, arrow.tagged(name, arrow.DECIMAL_TAG))
    if _ENUM.fullmatch(words):
        return ReadAs(text, pa.field(name, pa.string()))
    if _AS_JSON.fullmatch(words):
        return ReadAs(
            f"CAST(to_json({column}) AS JSON) AS {column}", pa.field(name, pa.json_()), is_nested=True
        )
    return ReadAs(text, arrow.tagged(name, f"duckdb.{words}"))


def held(name: str, words: str) -> pa.Field:
    """The field whose every value an existing column keeps. Nested columns take none: DuckDB would convert JSON to them."""
    read = read_as(name, words)
    return arrow.tagged(name, f"duckdb.{words}") if read.is_nested else read.field


def _arrow(words: str) -> pa.DataType | None:
    simple = _SIMPLE.get(words)
    if simple is not None:
        return simple
    decimal = _DECIMAL.fullmatch(words)
    if decimal is not None:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    items = _LIST.fullmatch(words)
    item = None if items is None or _LIST.fullmatch(items[1]) else _arrow(items[1])
    return None if item is None or isinstance(item, pa.BaseExtensionType) else pa.list_(item)


def native(field: pa.Field) -> str:
    """The type words of a column for a field that `stored` gave."""
    meaning = arrow.tag(field)
    if meaning is not None and meaning.startswith("duckdb."):
        return meaning.removeprefix("duckdb.")
    return _native(field.type)


def _native(type_: pa.DataType) -> str:
    if pa.types.is_decimal128(type_):
        return f"DECIMAL({type_.precision},{type_.scale})"
    if pa.types.is_list(type_):
        return f"{_native(type_.value_type)}[]"
    return next(words for words, known in _SIMPLE.items() if known == type_)


def stored(field: pa.Field) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where DuckDB has no such type."""
    meaning = arrow.tag(field)
    if meaning is not None and pa.types.is_string(field.type):
        kept = meaning if meaning.startswith("duckdb.") else None
        return arrow.tagged(field.name, kept) if kept else pa.field(field.name, pa.string())
    return pa.field(field.name, _stored(field.type, field.name))


def _stored(type_: pa.DataType, name: str) -> pa.DataType:  # noqa: PLR0911  a table, told by kind
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type, name)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_stored(type_.value_type, name))
    if pa.types.is_decimal(type_):
        return _stored_decimal(type_)
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", "UTC") if type_.tz is not None else type_
    if pa.types.is_time(type_):
        return pa.time64("us")
    for check, kept in _KEPT:
        if check(type_):
            return kept
    if type_ in _SIMPLE.values():
        return type_
    raise Fault(
        FaultCode.TYPE_LOSSY, f"Column {name!r}: DuckDB has no type that keeps {arrow.type_words(type_)}."
    )


def _stored_decimal(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal256(type_) or type_.scale < 0:
        return pa.string()
    return pa.decimal128(type_.precision, type_.scale)


_KEPT: Final = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_float16, pa.float32()),
    (pa.types.is_date64, pa.date32()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
    (pa.types.is_fixed_size_binary, pa.binary()),
)
