"""Nested Arrow values as JSON text that loses nothing: what a table has no type for stays JSON.

Numbers keep every digit (decimals and 64-bit integers as JSON numbers), times are ISO 8601, bytes base64, floats that
JSON has no words for `"NaN"`, `"Infinity"` and `"-Infinity"`. A map with text keys is an object, another one a list of
`[key, value]` pairs.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable

_NULL: Final = "null"
_WORDS: Final = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def is_kept(type_: pa.DataType) -> bool:
    """Whether a column of the type goes on as it is: anything flat, and lists of flat values."""
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return not pa.types.is_nested(type_.value_type)
    return not pa.types.is_nested(type_)


def as_json(array: pa.Array) -> pa.Array:
    """The array as Arrow's JSON extension, NULL where it was NULL."""
    values = [
        None if null else text for null, text in zip(array.is_null().to_pylist(), texts(array), strict=True)
    ]
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(values, pa.string()))


def texts(array: pa.Array) -> list[str]:
    """Each value as JSON text, `null` for NULL."""
    plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    for check, write in _WRITERS:
        if check(plain.type):
            return _with_nulls(plain, write(plain))
    return _with_nulls(plain, _quoted(plain))


def _with_nulls(array: pa.Array, values: list[str]) -> list[str]:
    if array.null_count == 0:
        return values
    return [_NULL if null else text for null, text in zip(array.is_null().to_pylist(), values, strict=True)]


def _struct(array: pa.StructArray) -> list[str]:
    keys = [json.dumps(each.name, ensure_ascii=False) + ":" for each in array.type]
    columns = [texts(column) for column in array.flatten()]
    if not columns:
        return ["{}"] * len(array)
    return [
        "{" + ",".join(key + text for key, text in zip(keys, row, strict=True)) + "}"
        for row in zip(*columns, strict=True)
    ]


def _list(array: pa.Array) -> list[str]:
    items, at = texts(array.flatten()), 0
    rows = []
    for length in pc.list_value_length(array).to_pylist():
        rows.append("[" + ",".join(items[at : at + (length or 0)]) + "]")
        at += length or 0
    return rows


def _map(array: pa.MapArray) -> list[str]:
    pairs = array.cast(pa.list_(pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])))
    named = pa.types.is_string(array.type.key_type) or pa.types.is_large_string(array.type.key_type)
    entries = pairs.flatten()
    keys, values = texts(entries.field(0)), texts(entries.field(1))
    joined = [
        f"{key}:{value}" if named else f"[{key},{value}]" for key, value in zip(keys, values, strict=True)
    ]
    rows, at = [], 0
    for length in pc.list_value_length(pairs).to_pylist():
        inner = ",".join(joined[at : at + (length or 0)])
        rows.append(f"{{{inner}}}" if named else f"[{inner}]")
        at += length or 0
    return rows


def _number(array: pa.Array) -> list[str]:
    return ["" if text is None else text for text in array.cast(pa.string()).to_pylist()]


def _float(array: pa.Array) -> list[str]:
    wide = array.cast(pa.float32()) if pa.types.is_float16(array.type) else array
    return [_WORDS.get(text, text) for text in _number(wide)]


def _bytes(array: pa.Array) -> list[str]:
    return ['"' + base64.b64encode(value or b"").decode("ascii") + '"' for value in array.to_pylist()]


def _json(array: pa.Array) -> list[str]:
    return ["" if text is None else text for text in array.storage.to_pylist()]


def _moment(array: pa.Array) -> list[str]:
    return [json.dumps((text or "").replace(" ", "T", 1)) for text in array.cast(pa.string()).to_pylist()]


def _duration(array: pa.Array) -> list[str]:
    return _number(array.cast(pa.int64()))


def _quoted(array: pa.Array) -> list[str]:
    values = arrow.cast(array, pa.string()).to_pylist()
    return [json.dumps(value or "", ensure_ascii=False) for value in values]


def _is_integer(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_decimal(type_) or pa.types.is_boolean(type_))


def _is_list(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)
    )


def _is_bytes(type_: pa.DataType) -> bool:
    checks = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(check(type_) for check in checks)


def _is_json(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.JsonType)


_WRITERS: Final[tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[str]]], ...]] = (
    (pa.types.is_struct, _struct),
    (pa.types.is_map, _map),
    (_is_list, _list),
    (_is_integer, _number),
    (pa.types.is_floating, _float),
    (_is_json, _json),
    (_is_bytes, _bytes),
    (pa.types.is_timestamp, _moment),
    (pa.types.is_duration, _duration),
)
