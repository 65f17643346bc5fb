"""Arrow as this project speaks it: type words, tags on text that means more, and which value does not fit a type."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Final, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TAG: Final = b"kaireon:type"
"""Field metadata: what a text column means, `decimal` or `<system>.<type>`, where Arrow has no exact type for it."""

FOUND: Final = b"kaireon:found"
"""Field metadata: the type was found on the data, so a table's own, better one may stand, each value being proved."""

DECIMAL_TAG: Final = "decimal"
SHOWN_CHARACTERS: Final = 40

_PLAIN: Final[Mapping[str, pa.DataType]] = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float": pa.float32(),
    "float32": pa.float32(),
    "double": pa.float64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "utf8": pa.string(),
    "large_string": pa.string(),
    "binary": pa.binary(),
    "date32": pa.date32(),
    "date32[day]": pa.date32(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "json": pa.json_(pa.string()),
    "uuid": pa.uuid(),
}
_WORDS: Final[Mapping[str, str]] = {
    "date32[day]": "date32",
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
}
_DECIMAL: Final = re.compile(r"decimal(?:128|256)?\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_TIMESTAMP: Final = re.compile(r"timestamp(?:\[(s|ms|us|ns)(?:,\s*(?:tz=)?([A-Za-z0-9_+:/-]+))?\])?")
_TIME: Final = re.compile(r"time(32|64)\[(s|ms|us|ns)\]")
_LIST: Final = re.compile(r"list<(?:item:\s*)?(.+)>")
_MAX_DIGITS: Final = 76
_MAX_DIGITS_128: Final = 38


def parse_type(words: str) -> pa.DataType | None:
    """The Arrow type that `words` names (`int64`, `decimal128(12,2)`, `timestamp[us, UTC]`); None for none."""
    text = words.strip()
    plain = _PLAIN.get(text.lower())
    if plain is not None:
        return plain
    return _decimal(text) or _timestamp(text) or _time(text) or _list(text)


def nearest_type(words: str) -> str:
    """The type words that look most like `words`, for a message."""
    known = [*_PLAIN, "decimal128(12,2)", "timestamp[us]", "timestamp[us, UTC]", "time64[us]", "list<string>"]
    return (difflib.get_close_matches(words.strip().lower(), known, n=1, cutoff=0.0) or ["string"])[0]


def _decimal(text: str) -> pa.DataType | None:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    digits, scale = int(found[1]), int(found[2])
    if not 1 <= digits <= _MAX_DIGITS or scale > digits:
        return None
    return pa.decimal128(digits, scale) if digits <= _MAX_DIGITS_128 else pa.decimal256(digits, scale)


def _timestamp(text: str) -> pa.DataType | None:
    found = _TIMESTAMP.fullmatch(text)
    return None if found is None else pa.timestamp(found[1] or "us", found[2])


def _time(text: str) -> pa.DataType | None:
    found = _TIME.fullmatch(text)
    if found is None or (found[1] == "32") != (found[2] in {"s", "ms"}):
        return None
    return pa.time32(found[2]) if found[1] == "32" else pa.time64(found[2])


def _list(text: str) -> pa.DataType | None:
    found = _LIST.fullmatch(text)
    item = None if found is None else parse_type(found[1])
    return None if item is None else pa.list_(item)


def type_words(type_: pa.DataType) -> str:
    """The inverse of `parse_type`, as the API shows types."""
    if isinstance(type_, pa.JsonType):
        return "json"
    if isinstance(type_, pa.UuidType):
        return "uuid"
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        return f"timestamp[{type_.unit}, {type_.tz}]"
    if pa.types.is_decimal(type_):
        return str(type_).replace(" ", "")
    return _WORDS.get(str(type_), str(type_))


def tag(field: pa.Field) -> str | None:
    """What the field's text means, beyond text."""
    value = (field.metadata or {}).get(TAG)
    return None if value is None else value.decode()


def tagged(name: str, meaning: str, *, nullable: bool = True) -> pa.Field:
    """A text field that means more."""
    return pa.field(name, pa.string(), nullable, {TAG: meaning.encode()})


def storage(array: pa.Array) -> pa.Array:
    """The array without its extension type."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """`array` as `type_`, every value exactly. Raises `pyarrow.ArrowInvalid` where one does not fit."""
    if array.type == type_:
        return array
    plain = storage(array)
    if isinstance(type_, pa.UuidType) and pa.types.is_string(plain.type):
        return pa.ExtensionArray.from_storage(type_, uuid_bytes(plain))
    if isinstance(type_, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(type_, plain.cast(type_.storage_type))
    if isinstance(array.type, pa.UuidType) and pa.types.is_string(type_):
        return uuid_text(plain)
    return plain.cast(type_)


def no_json(texts: pa.Array) -> pa.Array:
    """True at each text that is no JSON (RFC 8259), NULL apart. Arrow has no reader of single documents."""
    return pa.array([text is not None and not _is_json(text) for text in texts.to_pylist()], pa.bool_())


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def uuid_bytes(texts: pa.Array) -> pa.Array:
    """The 16 bytes of each UUID text; `pyarrow.ArrowInvalid` for what is none."""
    bare = pc.replace_substring(texts, "-", "")
    if pc.all(pc.match_substring_regex(bare, "^[0-9A-Fa-f]{32}$"), min_count=0).as_py() is False:
        raise pa.ArrowInvalid("not a UUID")
    values = [None if value is None else bytes.fromhex(value) for value in bare.to_pylist()]
    return pa.array(values, pa.binary(16))


def uuid_text(values: pa.Array) -> pa.Array:
    """The usual 36 characters of each 16 bytes."""
    texts = (None if value is None else value.hex() for value in values.to_pylist())
    grouped = [
        None if text is None else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        for text in texts
    ]
    return pa.array(grouped, pa.string())


def first_misfit(
    array: pa.Array, type_: pa.DataType, via: Callable[[pa.Array, pa.DataType], pa.Array] = cast
) -> int | None:
    """The position of the first value that `via` refuses, by halving; None where it refuses none."""
    if not _refused(array, type_, via):
        return None
    start, length = 0, len(array)
    while length > 1:
        half = length // 2
        if _refused(array.slice(start, half), type_, via):
            length = half
        else:
            start, length = start + half, length - half
    return start


def _refused(array: pa.Array, type_: pa.DataType, via: Callable[[pa.Array, pa.DataType], pa.Array]) -> bool:
    try:
        via(array, type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return True
    return False


def shown_at(column: pa.Array, at: int) -> str:
    """One value of a column for a message, with all that its type has: Python knows no nanoseconds and few years."""
    value = storage(column.slice(at, 1))
    if pa.types.is_temporal(value.type):
        kept = pa.timestamp(value.type.unit) if pa.types.is_timestamp(value.type) else value.type
        value = value.cast(kept).cast(pa.int64() if pa.types.is_duration(kept) else pa.string())
    elif isinstance(column.type, pa.UuidType):
        value = uuid_text(value)
    given = value[0].as_py()
    return "NULL" if given is None else shown(given)


def shown(value: object) -> str:
    """A value for a message: short, on one line, quoted."""
    text = str(value)
    cut = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return repr(cut)
