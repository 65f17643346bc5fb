"""MySQL's and MariaDB's types and Arrow's: how a column is read exactly, what a new column is, what one holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.mysql_query import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DIGITS: Final = 38
SHORT_OCTETS: Final = 4096
"""A value of at most so many bytes does not matter for memory: a whole range of them is small enough."""

MAX_DECIMAL: Final = (65, 30)
"""Most digits, and most of them after the point, that DECIMAL takes."""

_INTEGERS: Final[Mapping[str, int]] = {"tinyint": 8, "smallint": 16, "mediumint": 32, "int": 32, "bigint": 64}
_SIGNED: Final = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}
_UNSIGNED: Final = {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}
_TEXTS: Final = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "inet4", "inet6"}
)
_BYTES: Final = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_GEOMETRIES: Final = frozenset(
    {
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geometrycollection", "geomcollection"),
    }
)
_OTHERS: Final[Mapping[str, pa.DataType]] = {
    "year": pa.int16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "timestamp": pa.timestamp("us", "UTC"),
    "time": pa.time64("us"),
    "json": pa.json_(),
    "uuid": pa.uuid(),
}
_WORDS: Final = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?", re.ASCII)

_NATIVE: Final[Mapping[pa.DataType, str]] = {
    pa.bool_(): "BIT(1)",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.uint8(): "TINYINT UNSIGNED",
    pa.uint16(): "SMALLINT UNSIGNED",
    pa.uint32(): "INT UNSIGNED",
    pa.uint64(): "BIGINT UNSIGNED",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "LONGTEXT",
    pa.binary(): "LONGBLOB",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME(6)",
    pa.timestamp("us"): "DATETIME(6)",
    pa.timestamp("us", "UTC"): "TIMESTAMP(6) NULL DEFAULT NULL",
    pa.uuid(): "UUID",
    pa.json_(): "JSON",
}


@dataclass(frozen=True, slots=True)
class MyType:
    """A column's type: its base name, and the numbers in its parentheses (length or precision, scale or fraction).

    `octets` is the most that one value takes on the wire, None where the type does not bound it tightly.
    """

    name: str
    words: str
    unsigned: bool = False
    length: int | None = None
    scale: int | None = None
    octets: int | None = None

    @classmethod
    def parse(cls, words: str, octets: int | None = None) -> MyType:
        """The type that `information_schema` writes as `words`, such as `decimal(12,2) unsigned`."""
        text = words.lower()
        found = _WORDS.match(text)
        if found is None:
            return cls(text, words)
        name = {"integer": "int", "numeric": "decimal", "real": "double"}.get(found[1], found[1])
        length, scale = (None if group is None else int(group) for group in (found[2], found[3]))
        return cls(name, words, " unsigned" in text or " zerofill" in text, length, scale, octets)

    @property
    def decimal(self) -> tuple[int, int]:
        """Precision and scale; MySQL's default is (10, 0)."""
        return self.length or 10, self.scale or 0

    @property
    def is_long(self) -> bool:
        """Whether one value may be of any size that matters for memory."""
        return self.name in _TEXTS | _BYTES | _GEOMETRIES | {"json"} and (
            self.octets is None or self.octets > SHORT_OCTETS
        )


def field(name: str, type_: MyType) -> pa.Field:
    """The Arrow field that holds every value of the column; tagged text where Arrow has no exact type."""
    if type_.name == "decimal":
        digits = type_.decimal
        return (
            pa.field(name, pa.decimal128(*digits))
            if digits[0] <= MAX_DIGITS
            else arrow.tagged(name, arrow.DECIMAL_TAG)
        )
    return pa.field(name, _arrow(type_))


def _arrow(type_: MyType) -> pa.DataType:
    if type_.name in _INTEGERS:
        return (_UNSIGNED if type_.unsigned else _SIGNED)[_INTEGERS[type_.name]]
    if type_.name == "bit":
        return pa.bool_() if (type_.length or 1) == 1 else pa.uint64()
    if type_.name in _BYTES | _GEOMETRIES:
        return pa.binary()
    return _OTHERS.get(type_.name, pa.string())


def expression(name: str, type_: MyType) -> str:
    """What is selected for the column: whatever a driver would read wrongly comes as text or as a number."""
    column = quote(name)
    if type_.name in {"decimal", "time", "json", "uuid", "inet4", "inet6"}:
        return f"CAST({column} AS CHAR) AS {column}"
    if type_.name == "float":
        return f"{column} * 1e0 AS {column}"  # as text a FLOAT has six digits
    if type_.name == "bit":
        return f"{column} + 0 AS {column}"
    if type_.name in _GEOMETRIES:
        return f"ST_AsWKB({column}) AS {column}"
    return column


def held(name: str, type_: MyType) -> pa.Field:
    """The Arrow field whose every value an existing column keeps. What it would round is narrower than what it reads."""
    if type_.name == "decimal":
        digits = type_.decimal
        wide = digits[0] > MAX_DIGITS
        return pa.field(name, pa.decimal256(*digits) if wide else pa.decimal128(*digits))
    if type_.name in {"float", "double"} and type_.scale is not None:
        return arrow.tagged(name, f"mysql.{type_.words}")  # FLOAT(M,D) rounds
    if type_.name in _GEOMETRIES:
        return arrow.tagged(name, f"mysql.{type_.words}")
    if type_.name in {"datetime", "timestamp", "time"}:
        return pa.field(name, _held_time(type_))
    return field(name, type_)


def _held_time(type_: MyType) -> pa.DataType:
    fraction = type_.length or 0
    unit = "us" if fraction == 6 else "ms" if fraction >= 3 else "s"  # noqa: PLR2004  digits of a second
    if type_.name == "time":
        return pa.time64("us") if unit == "us" else pa.time32(unit)
    return pa.timestamp(unit, "UTC" if type_.name == "timestamp" else None)


def native(field_: pa.Field) -> str:
    """The type words of a new column for a field that `stored` gave."""
    type_ = field_.type
    if pa.types.is_decimal(type_):
        return f"DECIMAL({type_.precision},{type_.scale})"
    return _NATIVE[type_]


def stored(given: pa.Field, *, mariadb: bool) -> pa.Field:
    """The field as a new column keeps it exactly. Raises `Fault` TYPE_LOSSY where the server has no such type.

    MySQL's JSON sorts keys and rounds numbers, so JSON stays text there; UUID is a type of MariaDB's alone.
    """
    if arrow.tag(given) is not None and pa.types.is_string(given.type):
        return pa.field(given.name, pa.string())
    return pa.field(given.name, _stored(given.type, given.name, mariadb=mariadb))


def _stored(type_: pa.DataType, name: str, *, mariadb: bool) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type, name, mariadb=mariadb)
    if isinstance(type_, pa.JsonType | pa.UuidType):
        return type_ if mariadb else pa.string()
    if pa.types.is_decimal(type_):
        return _stored_decimal(type_)
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", None if type_.tz is None else "UTC")
    if type_ in _NATIVE:
        return type_
    for check, kept in _KEPT:
        if check(type_):
            return kept
    raise Fault(
        FaultCode.TYPE_LOSSY,
        f"Column {name!r}: MySQL has no type that keeps {arrow.type_words(type_)}; cast it to json or string.",
    )


def _stored_decimal(type_: pa.DataType) -> pa.DataType:
    digits, scale = type_.precision, type_.scale
    if scale < 0:
        digits, scale = digits - scale, 0
    if digits > MAX_DECIMAL[0] or scale > MAX_DECIMAL[1]:
        return pa.string()
    return pa.decimal128(digits, scale) if digits <= MAX_DIGITS else pa.decimal256(digits, scale)


_KEPT: Final = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_float16, pa.float32()),
    (pa.types.is_date64, pa.date32()),
    (pa.types.is_time, pa.time64("us")),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
    (pa.types.is_fixed_size_binary, pa.binary()),
)
