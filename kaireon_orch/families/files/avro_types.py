"""Avro's types and Arrow's: what a field becomes, and how its raw values are made into that, exactly.

Flat fields are read without their logical type, as the numbers and bytes that they are, and become Arrow arrays; so no
moment leaves Python's years and no decimal Python's context. Records, maps, lists of such and unions of several types
become JSON.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FLAT: Final[Mapping[str, pa.DataType]] = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "string": pa.string(),
    "enum": pa.string(),
}
_TICKS: Final[Mapping[tuple[str, str], pa.DataType]] = {
    ("int", "date"): pa.date32(),
    ("int", "time-millis"): pa.time32("ms"),
    ("long", "time-micros"): pa.time64("us"),
    ("long", "timestamp-millis"): pa.timestamp("ms", "UTC"),
    ("long", "timestamp-micros"): pa.timestamp("us", "UTC"),
    ("long", "timestamp-nanos"): pa.timestamp("ns", "UTC"),
    ("long", "local-timestamp-millis"): pa.timestamp("ms"),
    ("long", "local-timestamp-micros"): pa.timestamp("us"),
    ("long", "local-timestamp-nanos"): pa.timestamp("ns"),
}
_MAX_DIGITS: Final = 76
_MAX_DIGITS_128: Final = 38


@dataclass(frozen=True, slots=True)
class AvroColumn:
    """One field: its Arrow field, the file's words for it, what the library is told, and how its values become an array."""

    field: pa.Field
    words: str
    alike: Any
    make: Callable[[Sequence[Any]], pa.Array]


def column(name: str, schema: Any, named: Mapping[str, Any]) -> AvroColumn:  # noqa: ANN401  an Avro schema is any JSON
    """How a record's field of that schema is read; `named` are the enums and fixed types that it may refer to."""
    branches = [each for each in schema if each != "null"] if isinstance(schema, list) else [schema]
    if len(branches) > 1:
        return _json(name, schema)
    inner = branches[0] if branches else "null"
    found = _flat(named.get(inner, inner) if isinstance(inner, str) else inner)
    if found is None:
        return _list(name, schema, inner, named) or _json(name, schema)
    type_, make = found
    alike = _without_logic(inner)
    whole = [alike if each != "null" else each for each in schema] if isinstance(schema, list) else alike
    nullable = isinstance(schema, list) or inner == "null"
    return AvroColumn(pa.field(name, type_, nullable), words(inner), whole, make)


def named_types(schema: Any, namespace: str = "") -> dict[str, Any]:  # noqa: ANN401  an Avro schema is any JSON
    """The enums and fixed types that a schema defines anywhere, by the names that a field may call them by."""
    found: dict[str, Any] = {}
    if isinstance(schema, list):
        for each in schema:
            found |= named_types(each, namespace)
    elif isinstance(schema, dict):
        space = str(schema.get("namespace", namespace))
        if schema.get("type") in ("enum", "fixed") and isinstance(schema.get("name"), str):
            found |= {schema["name"]: schema, f"{space}.{schema['name']}": schema}
        for part in ("type", "items", "values", "fields"):
            if isinstance(schema.get(part), dict | list):
                found |= named_types(schema[part], space)
    return found


def words(schema: Any) -> str:  # noqa: ANN401  an Avro schema is any JSON
    """A schema in short."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return "union of " + ", ".join(map(words, schema))
    kind = words(schema.get("type"))
    return f"{kind} ({schema['logicalType']})" if isinstance(schema.get("logicalType"), str) else kind


def _kind(schema: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  an Avro schema is any JSON
    """The type's name and the attributes that stand beside it."""
    if isinstance(schema, str):
        return schema, {}
    if isinstance(schema, dict) and isinstance(schema.get("type"), str):
        return schema["type"], schema
    if isinstance(schema, dict) and isinstance(schema.get("type"), dict):
        return _kind(schema["type"])
    return "", {}


def _flat(schema: Any) -> tuple[pa.DataType, Callable[[Sequence[Any]], pa.Array]] | None:  # noqa: ANN401  as above
    kind, beside = _kind(schema)
    logic = beside.get("logicalType")
    meant = _meant(kind, str(logic), beside)
    if meant is not None:
        return meant
    if kind == "fixed" and isinstance(beside.get("size"), int):
        return _plain(pa.binary(beside["size"]))
    return _plain(_FLAT[kind]) if kind in _FLAT else None


def _plain(type_: pa.DataType) -> tuple[pa.DataType, Callable[[Sequence[Any]], pa.Array]]:
    return type_, lambda values: pa.array(values, type_)


def _meant(
    kind: str, logic: str, beside: Mapping[str, Any]
) -> tuple[pa.DataType, Callable[[Sequence[Any]], pa.Array]] | None:
    """What a logical type means; None for none, and for one that the specification says is to be ignored."""
    if logic == "decimal" and kind in {"bytes", "fixed"}:
        found = _decimal(beside)
        make = _decimals if kind == "bytes" else _checked_decimals
        return None if found is None else (found, lambda values: make(values, found))
    if logic == "uuid" and kind == "string":
        return pa.uuid(), lambda values: arrow.cast(pa.array(values, pa.string()), pa.uuid())
    if logic == "uuid" and kind == "fixed" and beside.get("size") == 16:  # noqa: PLR2004  bytes of a UUID
        return pa.uuid(), _uuids
    ticks = _TICKS.get((kind, logic))
    return None if ticks is None else (ticks, lambda values: _ticks(values, ticks))


def _decimal(beside: Mapping[str, Any]) -> pa.DataType | None:
    """None where the specification says that the logical type is to be ignored."""
    digits, scale = beside.get("precision"), beside.get("scale", 0)
    if not isinstance(digits, int) or not isinstance(scale, int) or not 0 <= scale <= digits <= _MAX_DIGITS:
        return None
    if digits == 0:
        return None
    return pa.decimal128(digits, scale) if digits <= _MAX_DIGITS_128 else pa.decimal256(digits, scale)


def _decimals(values: Sequence[bytes | None], type_: pa.DataType) -> pa.Array:
    exponent = -type_.scale
    numbers = [
        None if value is None else _scaled(int.from_bytes(value, "big", signed=True), exponent)
        for value in values
    ]
    return pa.array(numbers, type_)


def _checked_decimals(values: Sequence[Decimal | None], type_: pa.DataType) -> pa.Array:
    """As the library made them: of one with more digits than the type it has rounded some away."""
    if any(value is not None and value.as_tuple().exponent != -type_.scale for value in values):
        raise pa.ArrowInvalid("more digits than the type has")
    return pa.array(values, type_)


def _scaled(unscaled: int, exponent: int) -> Decimal:
    """Without arithmetic: Python's decimal context would round."""
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), exponent))


def _uuids(values: Sequence[bytes | uuid.UUID | None]) -> pa.Array:
    raw = [value.bytes if isinstance(value, uuid.UUID) else value for value in values]
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(raw, pa.binary(16)))


def _ticks(values: Sequence[int | None], type_: pa.DataType) -> pa.Array:
    width = pa.int32() if type_.bit_width == 32 else pa.int64()  # noqa: PLR2004  bits
    array = pa.array(values, width).view(type_)
    if pa.types.is_time(type_):
        array.validate(full=True)
    return array


def _list(name: str, schema: Any, inner: Any, named: Mapping[str, Any]) -> AvroColumn | None:  # noqa: ANN401  an Avro schema is any JSON
    """A list of flat values, NULL among them or not."""
    kind, beside = _kind(inner)
    if kind != "array":
        return None
    item = column("item", beside.get("items"), named)
    if isinstance(item.field.type, pa.BaseExtensionType) or pa.types.is_nested(item.field.type):
        return None
    alike = {"type": "array", "items": item.alike}
    whole = [alike if each != "null" else each for each in schema] if isinstance(schema, list) else alike
    field = pa.field(name, pa.list_(item.field), isinstance(schema, list))
    return AvroColumn(field, f"array of {item.words}", whole, lambda values: _lists(values, item))


def _lists(values: Sequence[Sequence[Any] | None], item: AvroColumn) -> pa.Array:
    flat = [each for value in values if value is not None for each in value]
    offsets: list[int | None] = [0]
    total = 0
    for value in values:
        if value is None:
            offsets[-1] = None
        total += len(value or ())
        offsets.append(total)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), item.make(flat), pa.list_(item.field))


def _json(name: str, schema: Any) -> AvroColumn:  # noqa: ANN401  an Avro schema is any JSON
    def make(values: Sequence[Any]) -> pa.Array:
        texts = [None if value is None else _text(value) for value in values]
        return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))

    return AvroColumn(pa.field(name, pa.json_()), words(schema), schema, make)


def _text(value: Any) -> str:  # noqa: ANN401, PLR0911  what the library gives, told by class
    if isinstance(value, dict):
        members = (f"{json.dumps(str(key), ensure_ascii=False)}:{_text(each)}" for key, each in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode("ascii"))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return json.dumps(value.isoformat())
    if isinstance(value, uuid.UUID):
        return json.dumps(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(json.dumps(value))
    return json.dumps(value, ensure_ascii=False)


def _without_logic(schema: Any) -> Any:  # noqa: ANN401  an Avro schema is any JSON
    """A named type keeps it: another field may refer to it from within a record."""
    if isinstance(schema, dict) and schema.get("type") != "fixed":
        return {key: _without_logic(each) for key, each in schema.items() if key != "logicalType"}
    return schema
