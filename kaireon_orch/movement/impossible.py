"""Values that certainly do not become a type, told on whole columns.

Nothing that fits is ever among them; what is not told here is left to a trial of the conversion itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY: Final = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ZONE: Final = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_FORMS: Final = (
    (pa.types.is_boolean, r"(?i)^(true|false|0|1)$"),
    (pa.types.is_integer, r"^[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)$"),
    (pa.types.is_floating, r"(?i)^[+-]?([0-9.]+(e[+-]?[0-9]+)?|inf|infinity|nan)$"),
    (pa.types.is_decimal, r"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"),
    (pa.types.is_date, f"^{_DAY}$"),
    (pa.types.is_timestamp, rf"^{_DAY}([ T][0-9]{{2}}(:?[0-9]{{2}}(:?[0-9]{{2}}(\.[0-9]+)?)?)?{_ZONE}?)?$"),
    (pa.types.is_time, r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"),
    (lambda type_: isinstance(type_, pa.UuidType), r"^(-*[0-9a-fA-F]){32}-*$"),
)
"""A form that each text which is read as the type has, and others too: a text without it is certainly none."""

_ZONED: Final = rf"[ T].*{_ZONE}$"
_PLAIN_INTEGER: Final = r"^[+-]?[0-9]{1,60}$"
_LONG_INTEGER: Final = r"^[+-]?0*[1-9][0-9]{40,}$"
_WIDE: Final = pa.decimal256(76, 0)


def impossible(array: pa.Array, type_: pa.DataType, *, loose: bool = False) -> pa.Array | None:
    """True at what certainly does not become `type_`; None where nothing can be told. `loose`: numbers may be rounded."""
    plain = arrow.storage(array)
    if pa.types.is_float16(plain.type):
        plain = plain.cast(pa.float32())  # Arrow hardly calculates with it
    if pa.types.is_string(plain.type):
        is_cast = isinstance(type_, pa.JsonType) and plain is array
        return arrow.no_json(plain) if is_cast else _any(_texts(plain, type_))
    if loose or not _is_measured(type_):
        return None
    if pa.types.is_floating(plain.type) and pa.types.is_decimal(type_):
        return _any(_digits(plain.cast(pa.string()), type_))
    return _changed(plain, type_)


def _any(masks: Sequence[pa.Array]) -> pa.Array | None:
    found: pa.Array | None = None
    for mask in masks:
        known = pc.fill_null(mask, fill_value=False)
        found = known if found is None else pc.or_(found, known)
    return found


def _texts(texts: pa.Array, type_: pa.DataType) -> list[pa.Array]:
    form = next((form for check, form in _FORMS if check(type_)), None)
    masks = [] if form is None else [pc.invert(pc.match_substring_regex(texts, form))]
    if pa.types.is_timestamp(type_):
        zoned = pc.match_substring_regex(texts, _ZONED)
        masks.append(pc.invert(zoned) if type_.tz is not None else zoned)
    if pa.types.is_integer(type_):
        masks += [pc.match_substring_regex(texts, _LONG_INTEGER), _out_of_range(texts, type_)]
    if pa.types.is_decimal(type_):
        masks += _digits(texts, type_)
    return masks


def _out_of_range(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    plain = pc.match_substring_regex(texts, _PLAIN_INTEGER)
    numbers = pc.if_else(plain, texts, pa.scalar(None, texts.type)).cast(_WIDE)
    lowest, highest = (pa.scalar(bound, pa.decimal128(20, 0)).cast(_WIDE) for bound in _range(type_))
    return pc.or_(pc.less(numbers, lowest), pc.greater(numbers, highest))


def _range(type_: pa.DataType) -> tuple[int, int]:
    bits = type_.bit_width
    if pa.types.is_unsigned_integer(type_):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _digits(texts: pa.Array, type_: pa.DataType) -> list[pa.Array]:
    """More digits before or after the point than a decimal has; of texts without an exponent."""
    whole, scale = max(type_.precision - type_.scale, 0), max(type_.scale, 0)
    before = rf"^[+-]?0*[1-9][0-9]{{{whole},}}(\.[0-9]*)?$"
    after = rf"^[+-]?[0-9]*\.[0-9]{{{scale}}}[0-9]*[1-9]$"
    return [pc.match_substring_regex(texts, before), pc.match_substring_regex(texts, after)]


def _is_measured(type_: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(type_) or pa.types.is_decimal(type_) or pa.types.is_boolean(type_))


def _changed(array: pa.Array, type_: pa.DataType) -> pa.Array | None:
    """What is another value after there and back again."""
    try:
        back = array.cast(type_, safe=False).cast(array.type, safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    changed = pc.not_equal(array, back)
    if pa.types.is_floating(array.type):
        changed = pc.and_(changed, pc.invert(pc.and_(pc.is_nan(array), pc.is_nan(back))))
    return pc.fill_null(changed, fill_value=False)
