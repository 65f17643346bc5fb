"""Texts that a JSON column would refuse, or of which it would keep a part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable


def invalid(texts: pa.Array) -> pa.Array:
    """True at each text that is no JSON document."""
    return _refused(texts, _ANY.decode)


def ambiguous(texts: pa.Array) -> pa.Array:
    """True at each text that is no JSON document, or names a member twice."""
    return _refused(texts, _ONCE.decode)


def _refused(texts: pa.Array, decode: Callable[[str], Any]) -> pa.Array:
    """True at each text that is not decoded. Arrow has no reader of single documents."""
    return pa.array(
        [text is not None and not _decodes(text, decode) for text in texts.to_pylist()], pa.bool_()
    )


def _decodes(text: str, decode: Callable[[str], Any]) -> bool:
    try:
        decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


_ANY: Final = json.JSONDecoder(parse_constant=_no_constant, parse_int=str, parse_float=str)
_ONCE: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_int=str, parse_float=str
)
