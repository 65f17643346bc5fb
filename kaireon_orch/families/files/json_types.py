"""Which type each column of JSON records has, and its values as that type, none of them changed.

Strings stay strings, whatever they look like. Numbers: integers are int64, or decimals where they are longer; fractions
are found as in delimited text (`csv_types`). Columns of nested values, or of values of several kinds, are JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.families import arrow
from kaireon_orch.families.files.csv_types import FoundType
from kaireon_orch.families.files.json_values import Fraction, Whole, as_json, as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS: Final = {int, Whole, Fraction}
_MAX_DIGITS: Final = 38


class FoundColumn:
    """One column as its values are seen."""

    def __init__(self) -> None:
        self._kinds: set[type] = set()
        self._numbers = FoundType()
        self._digits = 0
        self._told_numbers = False

    def see(self, values: Sequence[Any]) -> None:
        """Take the column's next values, None for NULL."""
        kinds = set(map(type, values)) - {type(None)}
        self._kinds |= kinds
        if kinds <= _NUMBERS and self._kinds <= _NUMBERS:
            self._see_numbers(values, kinds)

    def field(self, name: str) -> pa.Field:
        """The column; tagged as a decimal where its numbers have more digits than any number type."""
        type_ = self._type()
        metadata = {arrow.FOUND: b"1"}
        if type_ is None:
            return pa.field(name, pa.string(), metadata={arrow.TAG: arrow.DECIMAL_TAG.encode(), **metadata})
        return pa.field(name, type_, metadata=metadata)

    def _see_numbers(self, values: Sequence[Any], kinds: set[type]) -> None:
        """Texts are only needed once a number is no small integer; the small ones seen before fit whatever fits those."""
        if kinds == {int} and not self._told_numbers:
            self._digits = max(
                self._digits, *(len(str(abs(value))) for value in (_least(values), _most(values)))
            )
            return
        if not self._told_numbers:
            self._told_numbers = True
            if self._digits:
                self._numbers.see(pa.array(["9" * self._digits]))
        texts = pa.array([as_text(value) for value in values], pa.string())
        self._digits = max(self._digits, *(len(text.lstrip("-")) for text in texts.to_pylist() if text), 0)
        self._numbers.see(texts)

    def _type(self) -> pa.DataType | None:
        kinds = self._kinds
        if not kinds:
            return pa.null()
        for kind, type_ in ((str, pa.string()), (bool, pa.bool_()), (int, pa.int64())):
            if kinds == {kind}:
                return type_
        return self._number() if kinds <= _NUMBERS else pa.json_()

    def _number(self) -> pa.DataType | None:
        found = self._numbers.type()
        if pa.types.is_int64(found) or pa.types.is_floating(found) or pa.types.is_decimal(found):
            return found
        if Fraction not in self._kinds and self._digits <= _MAX_DIGITS:
            return pa.decimal128(_MAX_DIGITS, 0)
        return None


def _least(values: Sequence[Any]) -> int:
    return int(min(value for value in values if value is not None))


def _most(values: Sequence[Any]) -> int:
    return int(max(value for value in values if value is not None))


def column_array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """The values as the column's type. Raises `pyarrow.ArrowInvalid`, `UnicodeEncodeError` for one that does not fit."""
    type_ = field.type
    if pa.types.is_null(type_):
        return pa.nulls(len(values))
    if isinstance(type_, pa.JsonType):
        return pa.ExtensionArray.from_storage(
            type_, pa.array(map(as_json, values), pa.string(), size=len(values))
        )
    if pa.types.is_int64(type_) or pa.types.is_boolean(type_):
        direct = _direct(values, type_)
        if direct is not None:
            return direct
    return arrow.cast(pa.array(map(as_text, values), pa.string(), size=len(values)), type_)


def _direct(values: Sequence[Any], type_: pa.DataType) -> pa.Array | None:
    """Without a detour by text, where every value already has the type."""
    wanted: type = int if pa.types.is_int64(type_) else bool
    if set(map(type, values)) <= {wanted, type(None)}:
        return pa.array(values, type_)
    return None
