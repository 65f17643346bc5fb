"""SQLite's declared types over its dynamic values: what a column should hold, and the check that each value does.

SQLite keeps any value in any column, and its ADBC driver guesses a type from the first rows: it writes a REAL as six
digits of text, an integer beyond 2^53 as a float, bytes as text. So each column is read by an expression that has one
storage class, a first row of our own fixes the driver's guess, and one more column says which value did not fit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.families.sql.cursors import Place, listed, of_source, plain_constant
from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

EXACT_INTEGER: Final = 2**53
EXACT_DIGITS: Final = 15
"""Decimal digits that a REAL keeps; a declared decimal of more could not have been stored."""

_DECIMAL: Final = re.compile(r"(?:DECIMAL|NUMERIC|NUMBER)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_DATE: Final = "____-__-__"
_MOMENTS: Final = pa.timestamp("us")


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How one column is read: expression, the SQL condition that a value breaks the type, a first row's value, field."""

    expression: str
    misfit: str
    sentinel: str
    field: pa.Field


def read_as(name: str, declared: str, classes: AbstractSet[str]) -> ReadAs:
    """How a column of the declared type is read; `classes` are the storage classes found where nothing is declared."""
    words = declared.upper().strip()
    decimal = _DECIMAL.search(words)
    if decimal is not None and int(decimal[1]) <= EXACT_DIGITS:
        return _decimal(name, int(decimal[1]), int(decimal[2] or 0))
    if not words:
        return _found(name, classes)
    for fragments, kind in _KINDS:
        if any(fragment in words for fragment in fragments):
            return kind(name)
    return _number(name)


def place_of(types: Mapping[str, pa.DataType]) -> Place:
    """How columns of the rows called `source` are compared: times as texts of one length, with a space in the middle."""

    def is_moment(name: str) -> bool:
        return bool(types.get(name) == _MOMENTS)

    def column(name: str) -> str:
        plain = of_source(name)
        return _one_length(plain) if is_moment(name) else plain

    def constant(name: str, value: Any) -> str:  # noqa: ANN401  a watermark's value, from JSON
        if is_moment(name):
            return _one_length(literal(str(value)))
        return plain_constant(name, value)

    def among(name: str, texts: Sequence[str]) -> str:
        return listed(f"{column(name)} COLLATE BINARY", (_key(text, types[name]) for text in texts))

    return Place(column, constant, among)


def _key(text: str, type_: pa.DataType) -> str:
    """A key as a constant of the storage class that the column's values have."""
    if pa.types.is_boolean(type_):
        return str(int(text == "true"))
    if pa.types.is_integer(type_) or pa.types.is_decimal(type_):
        return text
    return _one_length(literal(text)) if type_ == _MOMENTS else literal(text)


def _one_length(column: str) -> str:
    text = f"replace({column}, 'T', ' ')"
    ends = ((10, " 00:00:00.000000"), (16, ":00.000000"), (19, ".000000"))
    cases = " ".join(f"WHEN {length} THEN {text} || '{rest}'" for length, rest in ends)
    return f"CASE length({text}) {cases} ELSE substr({text} || '000000', 1, 26) END"


def _integer(name: str) -> ReadAs:
    column = quote(name)
    return ReadAs(column, _not_in(column, "integer"), "0", pa.field(name, pa.int64()))


def _text(name: str) -> ReadAs:
    column = quote(name)
    return ReadAs(column, _not_in(column, "text"), "''", pa.field(name, pa.string()))


def _blob(name: str) -> ReadAs:
    column = quote(name)
    return ReadAs(column, _not_in(column, "blob"), "x'00'", pa.field(name, pa.binary()))


def _number(name: str) -> ReadAs:
    """REAL, and NUMERIC without digits: an integer passes where a float holds it exactly."""
    column = quote(name)
    big = f"typeof({column}) = 'integer' AND abs({column}) > {EXACT_INTEGER}"
    return ReadAs(
        f"CAST({column} AS REAL)",
        f"({_not_in(column, 'real', 'integer')} OR ({big}))",
        "0.5",
        pa.field(name, pa.float64()),
    )


def _decimal(name: str, digits: int, scale: int) -> ReadAs:
    """Numbers that are exactly their own rounding to `scale`; read as text, so that nothing becomes a float's guess."""
    column = quote(name)
    text = f"printf('%.{scale}f', {column})"
    misfit = f"({_not_in(column, 'real', 'integer')} OR CAST({text} AS REAL) <> CAST({column} AS REAL))"
    value = f"CASE WHEN {column} IS NOT NULL THEN {text} END"
    return ReadAs(value, misfit, "''", pa.field(name, pa.decimal128(digits, scale)))


def _boolean(name: str) -> ReadAs:
    column = quote(name)
    misfit = f"({column} IS NOT NULL AND NOT (typeof({column}) = 'integer' AND {column} IN (0, 1)))"
    return ReadAs(column, misfit, "0", pa.field(name, pa.bool_()))


def _date(name: str) -> ReadAs:
    """ISO 8601 text; SQLite has no dates, and a number would leave open whether it counts days or seconds."""
    column = quote(name)
    misfit = f"({_not_in(column, 'text')} OR {column} NOT LIKE '{_DATE}' OR date({column}) IS NOT {column})"
    return ReadAs(column, f"({column} IS NOT NULL AND {misfit})", "''", pa.field(name, pa.date32()))


def _time(name: str) -> ReadAs:
    """ISO 8601 text with a date and a time, no zone."""
    column = quote(name)
    shape = f"{column} NOT LIKE '{_DATE}_%' OR datetime({column}) IS NULL OR {column} GLOB '*[Zz+]*'"
    misfit = f"({_not_in(column, 'text')} OR {shape})"
    return ReadAs(column, f"({column} IS NOT NULL AND {misfit})", "''", pa.field(name, pa.timestamp("us")))


def _found(name: str, classes: AbstractSet[str]) -> ReadAs:
    """An expression of a query has no declared type: its values' storage classes are its type."""
    known = classes - {"null"}
    if known == {"integer"}:
        return _integer(name)
    if known and known <= {"integer", "real"}:
        return _number(name)
    return _blob(name) if known == {"blob"} else _text(name)


def _not_in(column: str, *classes: str) -> str:
    listed = ", ".join(f"'{each}'" for each in ("null", *classes))
    return f"typeof({column}) NOT IN ({listed})"


_KINDS: Final = (
    (("BOOL",), _boolean),
    (("DATETIME", "TIMESTAMP"), _time),
    (("DATE",), _date),
    (("INT",), _integer),
    (("CHAR", "CLOB", "TEXT", "JSON", "UUID", "TIME", "STRING"), _text),
    (("BLOB", "BINARY"), _blob),
)
"""By a fragment of the declared type, as SQLite's own affinity rules go, with booleans and times on top."""
