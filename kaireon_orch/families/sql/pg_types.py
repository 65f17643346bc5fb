"""PostgreSQL's types and Arrow's: how a column is read exactly, what a new column is, what an existing one holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.load import TargetColumn

PREFIX: Final = "postgresql."
MAX_DIGITS: Final = 38
MAX_SCALE_EVER: Final = 1000
NAME_LENGTH: Final = 63

_DIRECT: Final[Mapping[str, pa.DataType]] = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "name": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "uuid": pa.uuid(),
    "json": pa.json_(),
    "jsonb": pa.json_(),
}
_IN_LISTS: Final = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bytea", "date", "timestamp"}
)
"""Item types that both the reader and the writer keep; other arrays travel as text."""

_PRECISE: Final = frozenset({"time", "timestamp", "timestamptz"})
"""Types whose modifier is how many digits of a second they keep."""

_NATIVE: Final[Mapping[pa.DataType, str]] = {
    pa.bool_(): "boolean",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "real",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.binary(): "bytea",
    pa.date32(): "date",
    pa.time64("us"): "time",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamp with time zone",
    pa.uuid(): "uuid",
    pa.json_(): "jsonb",
}


@dataclass(frozen=True, slots=True)
class PgType:
    """A column's type: its catalogue name and kind (`typtype`), an array's item likewise, and the type as SQL writes it.

    `modifier` is `atttypmod`: precision and scale of a numeric, length of a text; -1 for none. A `built_in` type has the
    same number on every server; a `required` column holds no NULL.
    """

    name: str
    kind: str
    words: str
    modifier: int = -1
    item: str | None = None
    item_kind: str | None = None
    built_in: bool = False
    required: bool = False

    @property
    def max_length(self) -> int | None:
        """Characters that a varchar(n), a char(n) or a name holds."""
        if self.name == "name":
            return NAME_LENGTH
        bounded = self.name in {"varchar", "bpchar"} and self.modifier > 4  # noqa: PLR2004  a 4-byte header is added
        return self.modifier - 4 if bounded else None

    @property
    def numeric(self) -> tuple[int, int] | None:
        """Precision and scale of a bounded numeric. The modifier's layout is that of `numeric.c`."""
        if self.name != "numeric" or self.modifier < 4:  # noqa: PLR2004  a 4-byte header is added
            return None
        packed = self.modifier - 4
        scale = packed & 0x7FF
        return packed >> 16, scale - 0x800 if scale > MAX_SCALE_EVER else scale


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How one column is read: the expression, the field that its values fit exactly, and what to check on the way."""

    expression: str
    field: pa.Field
    is_array: bool = False


def field(name: str, type_: PgType) -> pa.Field:  # noqa: PLR0911  a table, told by kind
    """The Arrow field that holds every value of the column; tagged text where Arrow has no exact type."""
    digits = type_.numeric
    if digits is not None and 0 <= digits[1] <= digits[0] <= MAX_DIGITS:
        return pa.field(name, pa.decimal128(*digits))
    if type_.name == "numeric":
        return arrow.tagged(name, arrow.DECIMAL_TAG)
    if type_.name == "oid":
        return pa.field(name, pa.int64())
    if type_.name == "json":
        return pa.field(name, pa.json_(), metadata={arrow.TAG: f"{PREFIX}json".encode()})
    if type_.kind == "e":
        return pa.field(name, pa.string())
    if type_.name in _DIRECT:
        return pa.field(name, _DIRECT[type_.name])
    if type_.item in _IN_LISTS:
        return pa.field(name, pa.list_(_DIRECT[type_.item]))
    return arrow.tagged(name, PREFIX + type_.words)


def held(name: str, type_: PgType) -> pa.Field:
    """The Arrow field whose every value an existing column keeps. What it would round is narrower than what it reads."""
    plain = field(name, type_)
    bounded = type_.modifier >= 0
    if bounded and type_.item in {"timestamp", "varchar"}:
        return arrow.tagged(name, PREFIX + type_.words)
    if bounded and type_.name in _PRECISE:
        return plain.with_type(_coarser(plain.type, type_.modifier))
    return plain


def _coarser(type_: pa.DataType, digits: int) -> pa.DataType:
    """A moment, or a time of day, with so many digits of a second at least."""
    unit = "us" if digits == 6 else "ms" if digits >= 3 else "s"  # noqa: PLR2004  digits of a second
    if pa.types.is_timestamp(type_):
        return pa.timestamp(unit, type_.tz)
    return type_ if unit == "us" else pa.time32(unit)


def read_as(name: str, type_: PgType) -> ReadAs:
    """The checked projection of one column: what the driver reads exactly passes, all else is read as text."""
    column = quote(name)
    kept = field(name, type_)
    if type_.name == "oid":
        return ReadAs(f"{column}::int8 AS {column}", kept)
    if type_.item in _IN_LISTS and type_.name.startswith("_"):
        return ReadAs(column, kept, is_array=True)
    if type_.name in _DIRECT or pa.types.is_decimal(kept.type) or type_.kind == "e":
        return ReadAs(column, kept)
    return ReadAs(f"{column}::text AS {column}", kept)


def is_text_cast(field_: pa.Field) -> bool:
    """Whether the column's values go in as text and are cast by the server."""
    return arrow.tag(field_) is not None and bool(pa.types.is_string(field_.type))


def is_enumeration(column: TargetColumn) -> bool:
    """Whether the column takes texts, but is none of the character types."""
    plain = pa.types.is_string(column.field.type) and arrow.tag(column.field) is None
    return bool(plain) and not column.native.startswith(("character", "text", "name"))


def wire(field_: pa.Field) -> str:
    """The type words of a staging column: text where the server is to cast."""
    return "text" if is_text_cast(field_) else native(field_)


def native(field_: pa.Field) -> str:
    """The type words of a column for a field that `stored` gave."""
    meaning = arrow.tag(field_)
    if meaning == arrow.DECIMAL_TAG:
        return "numeric"
    if meaning is not None:
        return meaning.removeprefix(PREFIX)
    return _native(field_.type)


def _native(type_: pa.DataType) -> str:
    if pa.types.is_decimal128(type_):
        return f"numeric({type_.precision},{type_.scale})"
    if pa.types.is_list(type_):
        return f"{_native(type_.value_type)}[]"
    if pa.types.is_timestamp(type_):
        return _NATIVE[pa.timestamp("us", type_.tz)]
    return _NATIVE[pa.time64("us") if pa.types.is_time(type_) else type_]


def stored(given: pa.Field) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where PostgreSQL has no such type.

    A tag of PostgreSQL's own is kept: whether the server knows the type is the target's to ask.
    """
    meaning = arrow.tag(given)
    if meaning == arrow.DECIMAL_TAG or (meaning or "").startswith(PREFIX):
        return pa.field(given.name, given.type, metadata={arrow.TAG: str(meaning).encode()})
    if meaning is not None:
        return pa.field(given.name, pa.string())
    if pa.types.is_decimal256(given.type) or (pa.types.is_decimal(given.type) and given.type.scale < 0):
        return arrow.tagged(given.name, arrow.DECIMAL_TAG)
    return pa.field(given.name, _stored(given.type, given.name))


def _stored(type_: pa.DataType, name: str) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type, name)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return _stored_list(type_, name)
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", None if type_.tz is None else "UTC")
    if pa.types.is_decimal(type_):
        return pa.decimal128(type_.precision, type_.scale)
    if type_ in _NATIVE:
        return type_
    for check, kept in _KEPT:
        if check(type_):
            return kept
    raise Fault(
        FaultCode.TYPE_LOSSY, f"Column {name!r}: PostgreSQL has no type that keeps {arrow.type_words(type_)}."
    )


def _stored_list(type_: pa.DataType, name: str) -> pa.DataType:
    item = _stored(type_.value_type, name)
    kept = {_DIRECT[word] for word in _IN_LISTS}
    if item not in kept and not pa.types.is_decimal(item):
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"Column {name!r}: lists of {arrow.type_words(item)} cannot be loaded; cast it to json.",
        )
    return pa.list_(item)


_KEPT: Final = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_int8, pa.int16()),
    (pa.types.is_uint8, pa.int16()),
    (pa.types.is_uint16, pa.int32()),
    (pa.types.is_uint32, pa.int64()),
    (pa.types.is_uint64, pa.decimal128(20, 0)),
    (pa.types.is_float16, pa.float32()),
    (pa.types.is_date64, pa.date32()),
    (pa.types.is_time, pa.time64("us")),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
    (pa.types.is_fixed_size_binary, pa.binary()),
)
