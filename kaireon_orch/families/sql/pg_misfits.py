"""Values that PostgreSQL cannot keep, or would change without a word: told on whole columns, before they are sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import json_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kaireon_orch.contract.load import TableShape

FIRST_MICROSECOND: Final = -210_866_803_200_000_000
"""4714-11-24 BC, the first timestamp there is; the last lies beyond what Arrow's microseconds count."""

DAYS: Final = (-2_440_588, 2_145_042_905)
"""The first date, the same day, and the last: 5874897-12-31."""

LAST_OID: Final = (1 << 32) - 1

NUL: Final = "holds the NUL character, which PostgreSQL cannot keep"
_OUT_OF_RANGE: Final = "is out of the range of PostgreSQL's {}"
_ESCAPED_NUL: Final = r"(^|[^\\])(\\\\)*\\u0000"
"""As JSON writes it: the backslash is none that is escaped itself."""

_NUMERIC: Final = re.compile(r"numeric\((\d+),(-?\d+)\)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a table's columns take, by name: so many characters, digits and those after the point, an enum's labels.

    `numbers` are columns of the type `oid`.
    """

    characters: Mapping[str, int] = field(default_factory=dict)
    digits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    labels: Mapping[str, pa.Array] = field(default_factory=dict)
    numbers: Collection[str] = ()


def bounds(shape: TableShape, labels: Mapping[str, pa.Array]) -> Bounds:
    """The bounds of an existing table. Numerics that Arrow's decimals hold are not among them: their type tells."""
    characters = {each.name: each.max_length for each in shape.columns if each.max_length is not None}
    found = {
        each.name: _NUMERIC.fullmatch(each.native)
        for each in shape.columns
        if arrow.tag(each.field) == arrow.DECIMAL_TAG
    }
    digits = {name: (int(each[1]), int(each[2])) for name, each in found.items() if each is not None}
    return Bounds(characters, digits, labels, [each.name for each in shape.columns if each.native == "oid"])


def is_jsonb(field: pa.Field) -> bool:
    """Whether a field of a plan is a `jsonb` column; a `json` one has a tag."""
    return isinstance(field.type, pa.JsonType) and arrow.tag(field) is None


def misfits(batch: pa.RecordBatch, within: Bounds) -> Iterator[Misfit]:
    """The values of the batch that its columns would refuse, round or cut.

    A text that is too long only by spaces would be cut without a word, as the SQL standard wants. Of a member that a
    document names twice jsonb would drop the first.
    """
    for each, column in zip(batch.schema, batch.columns, strict=True):
        if isinstance(each.type, pa.JsonType):
            yield from _documents(each, column.storage)
        yield from _items(each.name, arrow.storage(column))
        yield from _unbounded(each.name, column, within)


def _unbounded(name: str, column: pa.Array, within: Bounds) -> Iterator[Misfit]:
    if name in within.characters:
        limit = within.characters[name]
        words = f"has more than the {limit} characters that the column takes"
        yield from _some(name, pc.greater(pc.utf8_length(column), limit), words)
    if name in within.digits:
        digits, scale = within.digits[name]
        words = f"has more digits than numeric({digits},{scale}), the column, keeps"
        yield from _some(name, _rounded(column, digits, scale), words)
    if name in within.numbers:
        outside = pc.or_(pc.less(column, 0), pc.greater(column, LAST_OID))
        yield from _some(name, outside, _OUT_OF_RANGE.format("oid"))
    if name in within.labels:
        strange = pc.and_(pc.invert(pc.is_in(column, within.labels[name])), column.is_valid())
        yield from _some(name, strange, "is no value of the column's enumeration")


def _rounded(texts: pa.Array, digits: int, scale: int) -> pa.Array:
    """True at each number that such a column would round, or not take; NaN it takes."""
    found = (
        None if text is None else _is_rounded(Decimal(text), digits, scale) for text in texts.to_pylist()
    )
    return pa.array(found, pa.bool_(), size=len(texts))


def _is_rounded(number: Decimal, digits: int, scale: int) -> bool:
    _, figures, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return number.is_infinite()
    whole = "".join(map(str, figures)).strip("0")
    if not whole:
        return False
    last = exponent + len(figures) - len("".join(map(str, figures)).rstrip("0"))
    return last < -scale or number.adjusted() >= digits - scale


def _items(name: str, column: pa.Array) -> Iterator[Misfit]:
    """Misfits of a column, or of what its lists hold."""
    if pa.types.is_list(column.type):
        for found in _items(name, column.flatten()):
            rows = pc.list_parent_indices(column).filter(found.bad)
            yield Misfit(name, pc.is_in(pa.arange(0, len(column)), rows), found.reason)
    elif pa.types.is_string(column.type):
        if _holds_nul(column):
            yield from _some(name, pc.match_substring(column, "\x00"), NUL)
    elif pa.types.is_timestamp(column.type):
        early = pc.less(column.view(pa.int64()), FIRST_MICROSECOND)
        yield from _some(name, early, _OUT_OF_RANGE.format("timestamp"))
    elif pa.types.is_date32(column.type):
        days, (first, last) = column.view(pa.int32()), DAYS
        outside = pc.or_(pc.less(days, first), pc.greater(days, last))
        yield from _some(name, outside, _OUT_OF_RANGE.format("date"))


def _holds_nul(texts: pa.Array) -> bool:
    """Whether one may hold it: a look at all bytes at once costs a tenth of one at each text."""
    _, offsets, data = texts.buffers()
    if data is None or len(texts) == 0:
        return False
    ends = pa.Array.from_buffers(pa.int32(), len(texts) + 1, [None, offsets], offset=texts.offset)
    start, end = ends[0].as_py(), ends[-1].as_py()
    return b"\0" in data.slice(start, end - start).to_pybytes()


def _documents(field: pa.Field, texts: pa.Array) -> Iterator[Misfit]:
    if is_jsonb(field):
        if pc.any(pc.match_substring(texts, r"\u0000")).as_py():
            nul = pc.match_substring_regex(texts, _ESCAPED_NUL)
            yield from _some(field.name, nul, "holds the NUL character, which jsonb cannot keep")
        bad = json_texts.ambiguous(texts)
        yield from _some(field.name, bad, "is no JSON, or names a member twice, of which jsonb keeps one")
    else:
        yield from _some(field.name, json_texts.invalid(texts), "is no JSON")


def _some(name: str, bad: pa.Array, reason: str) -> Iterator[Misfit]:
    if pc.any(bad).as_py():
        yield Misfit(name, pc.fill_null(bad, fill_value=False), reason)
