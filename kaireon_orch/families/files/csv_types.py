"""Which type each column of delimited text has, so that no value changes by becoming one.

The whole of what will be read is looked at, not a part: a type is found only where every value survives it. The rule
is the round trip, text → type → text: `007`, `+1` and twenty-digit numbers do not come back as they were, so their
column stays text. Fractions:
- every value with the same number of decimals, two at least (money, `%.2f`): decimal, which keeps `12.50` as it is;
- else float64 where each text is the shortest one of its number (`0.1`, `39.02`, `1e-05`), as programs write floats;
- else decimal, which holds each of them exactly; else text.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.families.files.csv_dialect import FALSE_VALUES, TRUE_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIXED: Final = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
_NEGATIVE_ZERO: Final = r"^-0(?:\.0*)?$"
_SCIENTIFIC: Final = re.compile(r"-?[0-9](\.[0-9]+)?[eE][-+]?[0-9]{1,3}", re.ASCII)
_BOOLEAN: Final = f"^(?:{'|'.join((*TRUE_VALUES, *FALSE_VALUES))})$"
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_NAIVE: Final = _TIME + "$"
_ZONED: Final = _TIME + r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"

EXACT_INTEGER: Final = 2**53
"""Every whole number up to it is itself in a float64."""

UTC: Final = pa.timestamp("us", "UTC")
DIGITS: Final = (15, 18, 38)
"""Widths of found decimals: what float64 holds exactly, what 64 bits hold, what Arrow holds."""


class FoundType:
    """One column's type as batch after batch of its texts is seen."""

    def __init__(self) -> None:
        self._whole_numbers = True
        self._holding: dict[str, Callable[[pa.Array], bool]] = {
            "float64": _is_float,
            "decimal": self._is_decimal,
            "bool": _is_boolean,
            "date32": _is_date,
            "timestamp": lambda texts: _is_time(texts, _NAIVE, pa.timestamp("us")),
            "timestamptz": lambda texts: _is_time(texts, _ZONED, UTC),
        }
        self._seen = False
        self._scales: set[int] = set()
        self._whole = 1

    def see(self, texts: pa.Array) -> None:
        """Take the column's next texts, NULLs among them."""
        values = texts.drop_null()
        if len(values) == 0:
            return
        self._seen = True
        numbers = _integers(values) if self._whole_numbers else None
        if numbers is not None:
            self._see_integers(numbers)
            return
        self._whole_numbers = False
        self._holding = {name: holds for name, holds in self._holding.items() if holds(values)}

    def _see_integers(self, numbers: pa.Array) -> None:
        """What whole numbers say of the other types needs no look at their texts."""
        ends = pc.min_max(numbers)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        greatest = max(abs(low), abs(high))
        self._whole = max(self._whole, len(str(greatest)))
        self._scales.add(0)
        kept = {"decimal": True, "float64": greatest <= EXACT_INTEGER, "bool": low >= 0 and high <= 1}
        self._holding = {name: holds for name, holds in self._holding.items() if kept.get(name, False)}

    def type(self) -> pa.DataType:
        """The narrowest type that holds every value seen; `null` where there was none."""
        if not self._seen:
            return pa.null()
        if self._whole_numbers:
            return pa.int64()
        if "decimal" in self._holding and (self._even() or "float64" not in self._holding):
            return self._decimal()
        simple: Mapping[str, pa.DataType] = {
            "float64": pa.float64(),
            "bool": pa.bool_(),
            "date32": pa.date32(),
            "timestamp": pa.timestamp("us"),
            "timestamptz": UTC,
        }
        return next((type_ for name, type_ in simple.items() if name in self._holding), pa.string())

    def _is_decimal(self, texts: pa.Array) -> bool:
        if not _all(pc.match_substring_regex(texts, _FIXED)):
            return False
        negative = pc.starts_with(texts, "-")
        if pc.any(negative).as_py():
            if pc.any(pc.match_substring_regex(texts, _NEGATIVE_ZERO)).as_py():
                return False
            texts = pc.utf8_ltrim(texts, "-")
        self._measure(texts)
        return self._whole + max(self._scales) <= DIGITS[-1]

    def _measure(self, texts: pa.Array) -> None:
        """Take the digits before and after the point; the texts have no sign."""
        digits = pc.binary_length(texts)
        point = pc.find_substring(texts, ".")
        has_point = pc.greater_equal(point, 0)
        whole = pc.if_else(has_point, point, digits)
        scale = pc.if_else(has_point, pc.subtract(pc.subtract(digits, point), 1), 0)
        self._whole = max(self._whole, pc.max(whole).as_py())
        self._scales.update(pc.unique(scale).to_pylist())

    def _even(self) -> bool:
        return len(self._scales) == 1 and min(self._scales) > 1

    def _decimal(self) -> pa.DataType:
        scale = max(self._scales)
        if scale == 0:
            return pa.string()
        return pa.decimal128(next(digits for digits in DIGITS if digits >= self._whole + scale), scale)


def _all(truths: pa.Array) -> bool:
    return bool(pc.all(truths, min_count=0).as_py())


def _cast(texts: pa.Array, type_: pa.DataType) -> pa.Array | None:
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        return None


def _integers(texts: pa.Array) -> pa.Array | None:
    """The texts as the whole numbers that they are; None where one would not come back as it was."""
    values = _cast(texts, pa.int64())
    return values if values is not None and _all(pc.equal(values.cast(pa.string()), texts)) else None


def _is_date(texts: pa.Array) -> bool:
    values = _cast(texts, pa.date32())
    return values is not None and _all(pc.equal(values.cast(pa.string()), texts))


def _is_boolean(texts: pa.Array) -> bool:
    return _all(pc.match_substring_regex(texts, _BOOLEAN))


def _is_time(texts: pa.Array, shape: str, type_: pa.DataType) -> bool:
    return _all(pc.match_substring_regex(texts, shape)) and _cast(texts, type_) is not None


def _is_float(texts: pa.Array) -> bool:
    values = _cast(texts, pa.float64())
    if values is None or not _all(pc.is_finite(values)):
        return False
    shortest = values.cast(pa.string())
    other = pc.not_equal(shortest, texts)
    if not pc.any(other).as_py():
        return True
    texts, shortest = texts.filter(other), shortest.filter(other)
    other = pc.not_equal(shortest, pc.replace_substring_regex(texts, r"\.0$", ""))
    return all(_is_scientific(text) for text in pc.unique(texts.filter(other)).to_pylist())


def _is_scientific(text: str) -> bool:
    if _SCIENTIFIC.fullmatch(text) is None:
        return False
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except InvalidOperation:
        return False
