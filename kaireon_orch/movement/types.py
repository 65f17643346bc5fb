"""Which type takes which without losing anything, and the casts that prove it value by value.

`lossless` is the one table between what a source gives and what a target's column holds; sources map their own types
to Arrow, targets map Arrow to theirs (`Target.stored`, `Load.describe`), both beside their drivers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import Misfit
from kaireon_orch.families import arrow
from kaireon_orch.movement import misfits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FLOAT64_DIGITS: Final = 15
"""Decimal digits that every float64 keeps (C's DBL_DIG)."""

FLOAT32_DIGITS: Final = 6
"""Decimal digits that every float32 keeps (C's FLT_DIG)."""

_MAX_DIGITS: Final = 38
_INTEGER_DIGITS: Final[Mapping[int, int]] = {8: 3, 16: 5, 32: 10, 64: 20}
_FLOAT_BITS: Final[Mapping[int, int]] = {16: 11, 32: 24, 64: 53}


def lossless(given: pa.Field, column: pa.Field) -> bool:
    """Whether every value of `given` is itself in `column`."""
    source, target = given.type, column.type
    meaning = arrow.tag(column) if pa.types.is_string(target) else None
    if pa.types.is_null(source):
        return True
    if meaning is not None:
        return arrow.tag(given) == meaning or (meaning == arrow.DECIMAL_TAG and _is_exact_number(source))
    if pa.types.is_dictionary(source):
        return lossless(pa.field(given.name, source.value_type), column)
    return bool(source == target) or _widens(source, target) or _as_text(source, target)


def _is_exact_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_decimal(type_))


def _as_text(source: pa.DataType, target: pa.DataType) -> bool:
    """JSON and UUIDs have one text of their own; other types become text by an explicit cast only."""
    text = pa.types.is_string(target) or pa.types.is_large_string(target)
    return bool(text and (_is_string(source) or isinstance(source, pa.JsonType | pa.UuidType)))


def _is_string(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    )


def _widens(source: pa.DataType, target: pa.DataType) -> bool:
    if pa.types.is_list(source) or pa.types.is_large_list(source):
        return bool(pa.types.is_list(target)) and lossless(source.value_field, target.value_field)
    if _is_binary(source):
        return _is_binary(target) and not pa.types.is_fixed_size_binary(target)
    if pa.types.is_integer(source):
        return _integer_into(source, target)
    if pa.types.is_floating(source):
        return bool(pa.types.is_floating(target) and target.bit_width >= source.bit_width)
    if pa.types.is_decimal(source):
        return _decimal_into(source, target)
    return _time_into(source, target)


def _is_binary(type_: pa.DataType) -> bool:
    of = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(check(type_) for check in of)


def _integer_into(source: pa.DataType, target: pa.DataType) -> bool:
    bits = source.bit_width - (0 if pa.types.is_unsigned_integer(source) else 1)
    if pa.types.is_integer(target):
        signed = pa.types.is_signed_integer(target)
        into = target.bit_width - (1 if signed else 0)
        return bool(bits <= into and (signed or pa.types.is_unsigned_integer(source)))
    if pa.types.is_floating(target):
        return bool(bits <= _FLOAT_BITS[target.bit_width])
    if pa.types.is_decimal(target):
        return bool(target.precision - target.scale >= _INTEGER_DIGITS[source.bit_width])
    return False


def _decimal_into(source: pa.DataType, target: pa.DataType) -> bool:
    if pa.types.is_decimal(target):
        whole = target.precision - target.scale >= source.precision - source.scale
        return bool(whole and target.scale >= source.scale)
    return bool(pa.types.is_float64(target) and source.precision <= FLOAT64_DIGITS)


def _time_into(source: pa.DataType, target: pa.DataType) -> bool:
    """A finer or equal unit of the same kind; ns into us is proved value by value by the cast."""
    if pa.types.is_timestamp(source) and pa.types.is_timestamp(target):
        return (source.tz is None) == (target.tz is None)
    if pa.types.is_time(source) and pa.types.is_time(target):
        return True
    return bool(pa.types.is_date(source) and pa.types.is_date(target))


def widens(column: pa.Field, given: pa.Field) -> bool:
    """Whether the table's column may become the source's type: of the same kind, and holding all that is there."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    same = any(bool(check(column.type) and check(given.type)) for check in kinds)
    return same and lossless(column, given)


def adaptable(given: pa.Field, column: pa.Field) -> bool:
    """Whether a type that was only found on the data may give way to the column's, each value being proved."""
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    both = all(any(bool(check(field.type)) for check in numbers) for field in (given, column))
    return both or _textual(given, column)


def _textual(given: pa.Field, column: pa.Field) -> bool:
    """A column of texts takes what has one text only: whole numbers and dates."""
    one_text = pa.types.is_integer(given.type) or pa.types.is_date(given.type)
    return bool(one_text and pa.types.is_string(column.type) and arrow.tag(column) is None)


def loss(given: pa.Field, column: pa.Field) -> str | None:
    """What every value of `given` loses in `column`, whatever it is; None where each is kept, or refused by itself."""
    source, target = given.type, column.type
    if pa.types.is_timestamp(source) and pa.types.is_time(target):
        return "drops the date"
    if (pa.types.is_list(source) or pa.types.is_struct(source)) and pa.types.is_binary(target):
        return "has no exact form"
    return None


def castable(source: pa.DataType, target: pa.DataType, *, loose: bool = False) -> bool:
    """Whether there is a way from one type to the other at all, be it for some values only."""
    nothing = pa.nulls(0, source)
    try:
        lossy(nothing, target) if loose else exact(nothing, target)
    except misfits.REFUSALS:
        return False
    return True


def exact(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """`array` as `type_`; every value is the same afterwards. Raises `pyarrow.ArrowInvalid` where one would not be."""
    if array.type == type_:
        return array
    array = _comparable(array)
    source = array.type
    if pa.types.is_decimal(type_) and pa.types.is_floating(source):
        return array.cast(pa.string()).cast(type_)  # a float's shortest text is its exact decimal
    if pa.types.is_decimal(type_) and pa.types.is_integer(source):
        return array.cast(pa.decimal128(20, 0)).cast(type_)
    if pa.types.is_time(type_) and pa.types.is_string(source):
        return _time_of_text(array, type_)
    if pa.types.is_time(type_) and pa.types.is_integer(source):
        raise pa.ArrowNotImplementedError("a number is no time of day")
    if isinstance(type_, pa.JsonType) and _is_string(source) and pc.any(arrow.no_json(array)).as_py():
        raise pa.ArrowInvalid("not JSON")
    cast = arrow.cast(array, type_)
    if not _same(array, cast):
        raise pa.ArrowInvalid("a value would be rounded or cut")
    return cast


def _comparable(array: pa.Array) -> pa.Array:
    """Arrow hardly calculates with float16, every value of which is a float32."""
    return array.cast(pa.float32()) if pa.types.is_float16(array.type) else array


def _time_of_text(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    """Arrow reads a time of day as part of a timestamp only."""
    if not _all(pc.match_substring_regex(texts, r"^\d\d:\d\d(:\d\d(\.\d+)?)?$")):
        raise pa.ArrowInvalid("not a time of day")
    moments = pc.binary_join_element_wise(pa.scalar("1970-01-01"), texts, " ")
    return moments.cast(pa.timestamp(type_.unit)).cast(type_)


def lossy(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """`array` as `type_`, rounded or cut where it has to be: the user said `allowLoss`."""
    plain = _comparable(arrow.storage(array))
    if pa.types.is_decimal(type_) and (pa.types.is_decimal(plain.type) or pa.types.is_floating(plain.type)):
        return _rounded(plain, type_)
    if pa.types.is_integer(type_) and pa.types.is_floating(plain.type):
        return pc.trunc(plain).cast(type_)
    if pa.types.is_string(plain.type) and pa.types.is_floating(type_):
        return plain.cast(type_)
    numbers = pa.types.is_integer(plain.type) and (pa.types.is_decimal(type_) or pa.types.is_time(type_))
    if numbers or _is_told(array.type) or _is_told(type_):
        return exact(array, type_)
    return plain.cast(type_, safe=False)


def _is_told(type_: pa.DataType) -> bool:
    """Texts and types of more meaning are what they are, or not: nothing of them can be rounded."""
    return bool(isinstance(type_, pa.BaseExtensionType) or pa.types.is_string(type_))


def _rounded(numbers: pa.Array, type_: pa.DataType) -> pa.Array:
    if pa.types.is_floating(numbers.type):
        numbers = pc.round(numbers, type_.scale).cast(pa.string()).cast(pa.decimal256(76, 38))
    return pc.round(numbers, type_.scale).cast(type_)


def _same(before: pa.Array, after: pa.Array) -> bool:
    """Whether values mean what they were made from, where Arrow rounds and cuts without a word."""
    source, target = before.type, after.type
    if pa.types.is_floating(target):
        return _same_floats(before, after)
    if pa.types.is_date(target) and pa.types.is_timestamp(source):
        return _all(pc.equal(after.cast(pa.timestamp(source.unit, source.tz)), before))
    if pa.types.is_boolean(target) and not pa.types.is_string(source):
        return _all(pc.equal(after.cast(source), before))
    return True  # Arrow itself checks the others


def _same_floats(before: pa.Array, after: pa.Array) -> bool:
    if pa.types.is_decimal(before.type):
        back = after.cast(pa.string()).cast(pa.decimal128(_MAX_DIGITS, before.type.scale))
        return _all(pc.equal(before.cast(back.type), back))
    if pa.types.is_floating(before.type):
        same = pc.equal(before, after.cast(before.type))
        return _all(pc.or_(same, pc.and_(pc.is_nan(before), pc.is_nan(after))))
    return not pa.types.is_string(before.type) or _few_digits(before, after)


def _few_digits(texts: pa.Array, floats: pa.Array) -> bool:
    """Whether texts have no more digits than the float keeps, or are the float's own shortest text."""
    mantissa = pc.replace_substring_regex(texts, r"[eE].*$|[^0-9eE]", "")
    digits = pc.utf8_trim(pc.utf8_ltrim(mantissa, "0"), "0")
    kept = FLOAT64_DIGITS if pa.types.is_float64(floats.type) else FLOAT32_DIGITS
    short = pc.less_equal(pc.utf8_length(digits), kept)
    return _all(pc.or_(short, pc.equal(texts, floats.cast(pa.string()))))


def _all(truths: pa.Array) -> bool:
    return bool(pc.all(truths, min_count=0).as_py())


def fit(batch: pa.RecordBatch, schema: pa.Schema, before: int, loose: Collection[str] = ()) -> pa.RecordBatch:
    """The batch as `schema` says, by column name; columns that it lacks become NULL.

    `before` is the number of rows that went before, for messages; `loose` columns may be rounded or cut. Raises
    `Fault` ROW_REFUSED naming column, row, value.
    """
    made, found = fitted(batch, schema, loose)
    if found:
        raise misfits.row_fault(batch, found[0], before)
    return made


def fitted(
    batch: pa.RecordBatch, schema: pa.Schema, loose: Collection[str] = ()
) -> tuple[pa.RecordBatch, list[Misfit]]:
    """As `fit`, NULL where a value does not fit; and those values."""
    arrays, found = [], []
    for field in schema:
        array, bad = _fitted(batch, field, loose=field.name in loose)
        arrays.append(array)
        found += bad
    return pa.RecordBatch.from_arrays(arrays, schema=schema), found


def _fitted(batch: pa.RecordBatch, field: pa.Field, *, loose: bool) -> tuple[pa.Array, list[Misfit]]:
    position = batch.schema.get_field_index(field.name)
    if position < 0:
        return pa.nulls(batch.num_rows, field.type), []
    column, type_ = batch.column(position), field.type
    cast = lossy if loose else exact
    array, bad = misfits.converted(column, lambda part: cast(part, type_), type_, loose=loose)
    reason = f"cannot be kept as {arrow.type_words(type_)} without a change"
    found = [] if bad is None else [Misfit(field.name, bad, reason)]
    if not field.nullable and column.null_count:
        found.append(Misfit(field.name, column.is_null(), "is not taken by the table's column"))
    return array, found
