"""JSON read so that nothing of it is lost: numbers keep their text, nested values stay the text that they were.

A record is `{name: value}` with values of these classes alone: `NoneType`, `bool`, `int` (at most 18 digits), `Whole`
(more), `Fraction` (with a point or an exponent), `str`, and `Nested` for lists and objects.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, TypeAlias

SMALL_DIGITS: Final = 18
"""Digits that every 64-bit integer has room for."""


class Whole(str):
    """The text of an integer beyond `SMALL_DIGITS`."""

    __slots__ = ()


class Fraction(str):
    """The text of a number with a point or an exponent."""

    __slots__ = ()


class Nested(str):
    """The text of a list or an object, as it stands in the file."""

    __slots__ = ()


Record: TypeAlias = "dict[str, Any]"


class NotJson(ValueError):
    """The text is no JSON; `settled` where more text would not make it so."""

    def __init__(self, *, settled: bool) -> None:
        super().__init__("no JSON")
        self.settled = settled


class NoRecord(ValueError):
    """A JSON value that is no object, or (`twice`) an object that names one member twice; `problem` in words."""

    def __init__(self, *, twice: bool) -> None:
        super().__init__()
        self.problem: str = "it names a member twice" if twice else "it is no object"


def _integer(text: str) -> int | Whole:
    return int(text) if len(text) <= SMALL_DIGITS else Whole(text)


def _no_constant(text: str) -> NoReturn:  # noqa: ARG001  the decoder's signature; `NaN` is no JSON
    raise NotJson(settled=True)


class _Pairs(list[Any]):
    """An object as the decoder found it, one name twice and all."""

    __slots__ = ()


_LISTS: Final[frozenset[type]] = frozenset({list, _Pairs})
_DECODER: Final = json.JSONDecoder(
    parse_int=_integer,
    parse_float=Fraction,
    parse_constant=_no_constant,
    object_pairs_hook=_Pairs,
)
_LONGEST_WORD: Final = 12
"""No word or escape of JSON is longer, so an error further from the end does not come from a cut."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")


def value_at(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends. Raises `NotJson`."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        open_string = text[error.pos : error.pos + 1] == '"'
        raise NotJson(settled=error.pos + _LONGEST_WORD < len(text) and not open_string) from None
    except RecursionError:
        raise NotJson(settled=True) from None


def skip_space(text: str, at: int) -> int:
    """The next place that is no white space."""
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def record_at(text: str, at: int) -> tuple[Record, int]:
    """The record that begins at `at`, and where it ends. Raises `NotJson`, `NoRecord`."""
    value, end = value_at(text, at)
    if not isinstance(value, _Pairs):
        raise NoRecord(twice=False)
    record: Record = dict(value)
    if len(record) != len(value):
        raise NoRecord(twice=True)
    if not _LISTS.isdisjoint({type(each) for each in record.values()}):
        _keep_nested(record, text, at + 1)
    return record, end


def _keep_nested(record: Record, text: str, at: int) -> None:
    """Put the text of each nested value in its place; `text` is known to hold a whole object."""
    for _ in range(len(record)):
        name, at = _DECODER.raw_decode(text, skip_space(text, at))
        start = skip_space(text, skip_space(text, at) + 1)
        value, end = _DECODER.raw_decode(text, start)
        if isinstance(value, list):
            record[name] = Nested(text[start:end])
        at = skip_space(text, end) + 1


def as_text(value: object) -> str | None:
    """A value as text: a string's own characters, anything else as JSON writes it; None for null."""
    if value is None or isinstance(value, str):
        return value
    return str(value) if not isinstance(value, bool) else ("true" if value else "false")


def as_json(value: object) -> str | None:
    """A value as JSON text; None for null."""
    if isinstance(value, str) and not isinstance(value, Whole | Fraction | Nested):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)
