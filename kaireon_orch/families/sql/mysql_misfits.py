"""Values that a MySQL column refuses, or would change without a word: told on whole columns, before they are sent.

Strict mode does not help against all of it: a text too long by spaces alone is cut, an ENUM takes other letter case or
a number for a member, a BINARY is filled up, a two-digit YEAR becomes another year.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import json_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.families.sql.mysql_catalog import MyColumn

    Found = Iterator[tuple[pa.Array, str]]

_MEDIUM: Final = {True: (0, 2**24 - 1), False: (-(2**23), 2**23 - 1)}
_YEARS: Final = (1901, 2155)
_LAST_DAY: Final = dt.date(9999, 12, 31)
_FIRST_DAY_NUMBER: Final = -719_528
"""Days from 1970 back to the first of year 0, MySQL's first."""

_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}
_DAY_SECONDS: Final = 86_400
_MEMBER: Final = re.compile(r"'((?:[^']|'')*)'")


def misfits(batch: pa.RecordBatch, columns: Mapping[str, MyColumn]) -> Iterator[Misfit]:
    """The values of the batch that its columns would not keep as they are."""
    for array, name in zip(batch.columns, batch.schema.names, strict=True):
        for bad, reason in _refused(arrow.storage(array), columns[name]):
            if pc.any(bad).as_py():
                yield Misfit(name, pc.fill_null(bad, fill_value=False), reason)


def demand_storable(batch: pa.RecordBatch, columns: Mapping[str, MyColumn], before: int) -> None:
    """Raise `Fault` ROW_REFUSED naming column, row and value of a misfit. `before`: rows that went before."""
    for misfit in misfits(batch, columns):
        at = pc.index(misfit.bad, value=True).as_py()
        shown = arrow.shown_at(batch.column(misfit.column), at)
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: {shown} {misfit.reason}.",
        )


def _refused(array: pa.Array, column: MyColumn) -> Found:
    if not column.nullable and array.null_count:
        yield array.is_null(), "is not taken by the table's column"
    check = _CHECKS.get(column.type.name)
    if check is not None:
        yield from check(array, column)


def _texts(array: pa.Array, column: MyColumn) -> Found:
    if not pa.types.is_string(array.type):
        return
    if column.foreign is not None:
        words = f"has a character that the column's character set {column.charset} has not"
        yield pc.match_substring_regex(array, column.foreign), words
    if column.max_length is not None:
        words = f"has more than the {column.max_length} characters that the column takes"
        yield pc.greater(pc.utf8_length(array), column.max_length), words
    if column.type.name == "char":
        yield pc.ends_with(array, " "), "ends in a space, which CHAR would drop"
    elif column.max_length is None and column.type.octets is not None:
        words = f"has more than the {column.type.octets} bytes that the column takes"
        yield pc.greater(_octets(array, column), column.type.octets), words


def _documents(array: pa.Array, column: MyColumn) -> Found:
    del column
    if pa.types.is_string(array.type):
        yield json_texts.invalid(array), "is no JSON"


def _octets(array: pa.Array, column: MyColumn) -> pa.Array:
    """Bytes of each text where that is told, a character in UTF-8 or in one byte; else what it takes at least."""
    utf8 = column.charset is None or column.charset.startswith("utf8")
    return pc.binary_length(array) if utf8 else pc.utf8_length(array)


def _bytes(array: pa.Array, column: MyColumn) -> Found:
    sizes = pc.binary_length(array)
    if column.type.name == "binary":
        size = column.type.length or 1
        yield pc.not_equal(sizes, size), f"has not the {size} bytes of the column, which would be filled up"
        return
    most = column.type.length if column.type.name == "varbinary" else column.type.octets
    if most is not None:
        yield pc.greater(sizes, most), f"has more than the {most} bytes that the column takes"


def _members(array: pa.Array, column: MyColumn) -> Found:
    members = [member.replace("''", "'") for member in _MEMBER.findall(column.type.words)]
    if column.type.name == "enum":
        strange = pc.invert(pc.is_in(array, pa.array(members, pa.string())))
        yield pc.and_(strange, array.is_valid()), "is none of the column's members"
        return
    pattern = "".join(f"(?:{re.escape(member)}(?:,|$))?" for member in members)
    ordered = pc.match_substring_regex(array, f"^{pattern}$")
    whole = pc.and_(ordered, pc.invert(pc.ends_with(array, ",")))
    yield pc.invert(whole), "is not made of the column's members, each once and in their order"


def _medium(array: pa.Array, column: MyColumn) -> Found:
    yield _outside(array, *_MEDIUM[column.type.unsigned]), "is out of the range of MEDIUMINT"


def _year(array: pa.Array, _column: MyColumn) -> Found:
    bad = pc.and_(_outside(array, *_YEARS), pc.not_equal(array, 0))
    yield bad, "is no year from 1901 to 2155, nor 0"


def _bits(array: pa.Array, column: MyColumn) -> Found:
    bits = column.type.length or 1
    if pa.types.is_integer(array.type) and bits < array.type.bit_width:
        yield (
            pc.greater(array, pa.scalar(2**bits - 1, array.type)),
            f"has more than the {bits} bits that the column takes",
        )


def _floats(array: pa.Array, column: MyColumn) -> Found:
    yield pc.invert(pc.is_finite(array)), "is no finite number, which MySQL does not have"
    yield from _unsigned(array, column)


def _unsigned(array: pa.Array, column: MyColumn) -> Found:
    if column.type.unsigned:
        yield pc.less(array, pa.scalar(0, pa.int8()).cast(array.type)), "is negative, and the column unsigned"


def _dates(array: pa.Array, _column: MyColumn) -> Found:
    last = (_LAST_DAY - dt.date(1970, 1, 1)).days
    yield _outside(array.cast(pa.int32()), _FIRST_DAY_NUMBER, last), "is no date of the years 0 to 9999"


def _moments(array: pa.Array, _column: MyColumn) -> Found:
    last = (_LAST_DAY - dt.date(1970, 1, 1)).days + 1
    first, after = _FIRST_DAY_NUMBER * _DAY_SECONDS, last * _DAY_SECONDS
    yield _outside_seconds(array, first, after), "is no moment of the years 0 to 9999"


def _stamps(array: pa.Array, column: MyColumn) -> Found:
    """A TIMESTAMP counts seconds in 32 bits from 1 on; 0 stands for no date at all."""
    year = dt.datetime.fromtimestamp(column.last_second, dt.UTC).year
    words = f"is out of the range of TIMESTAMP, which begins in 1970 and ends in {year}"
    yield _outside_seconds(array, 1, column.last_second + 1), words


def _outside_seconds(array: pa.Array, first: int, after: int) -> pa.Array:
    per = _PER_SECOND[array.type.unit]
    return _outside(array.cast(pa.int64()), first * per, after * per - 1)


def _outside(array: pa.Array, least: int, most: int) -> pa.Array:
    return pc.or_(pc.less(array, least), pc.greater(array, most))


_CHECKS: Final[Mapping[str, Callable[[pa.Array, MyColumn], Found]]] = {
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), _texts),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), _bytes),
    **dict.fromkeys(("enum", "set"), _members),
    **dict.fromkeys(("float", "double"), _floats),
    "json": _documents,
    "mediumint": _medium,
    "year": _year,
    "bit": _bits,
    "decimal": _unsigned,
    "date": _dates,
    "datetime": _moments,
    "timestamp": _stamps,
}
