"""The words for column types, Arrow's own (`int64`, `decimal128(12,2)`, `timestamp[us, UTC]`), checked without Arrow.

The loader reads the same words; a test holds the two together.
"""

from __future__ import annotations

import difflib
import re
from zoneinfo import ZoneInfo

PLAIN = frozenset(
    {
        *("bool", "boolean"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        *("float", "float32", "double", "float64"),
        *("string", "utf8", "large_string", "binary"),
        *("date", "date32", "date32[day]", "time", "timestamp"),
        *("json", "uuid"),
    }
)
MOST_DIGITS = {"decimal": 76, "decimal128": 38, "decimal256": 76}
UNITS = {
    "time32": frozenset({"s", "ms"}),
    "time64": frozenset({"us", "ns"}),
    "timestamp": frozenset({"s", "ms", "us", "ns"}),
}

_DECIMAL = re.compile(r"(decimal|decimal128|decimal256)\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_TIMED = re.compile(r"(time32|time64|timestamp)\[(\w+)(?:,\s*(?:tz=)?([\w/+:-]+))?\]")
_LIST = re.compile(r"list<(?:item:\s*)?(.+)>")
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")
_SHAPES = ("decimal128(12,2)", "timestamp[us]", "timestamp[us, UTC]", "time64[us]", "list<string>")


def fault_of(word: str) -> str | None:
    """What is wrong with a type's word, None where nothing is."""
    if word in PLAIN:
        return None
    if found := _DECIMAL.fullmatch(word):
        return _decimal_fault(found[1], int(found[2]), int(found[3]))
    if found := _TIMED.fullmatch(word):
        return _time_fault(found[1], found[2], found[3])
    if found := _LIST.fullmatch(word):
        return fault_of(found[1])
    near = difflib.get_close_matches(word, [*sorted(PLAIN), *_SHAPES], n=3, cutoff=0.3) or _SHAPES
    return f"is not an Arrow type; the nearest: {', '.join(near)}"


def is_timezone(name: str) -> bool:
    """Whether the time zone database knows `name`."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # not found is a KeyError; a folder's name an OSError
        return False
    return True


def _decimal_fault(kind: str, digits: int, scale: int) -> str | None:
    most = MOST_DIGITS[kind]
    if not 1 <= digits <= most:
        return f"takes a precision of 1 to {most}"
    if scale > digits:
        return "takes a scale of at most its precision"
    return None


def _time_fault(kind: str, unit: str, zone: str | None) -> str | None:
    if unit not in UNITS[kind]:
        return f"takes one of the units {', '.join(sorted(UNITS[kind]))}"
    if zone is None:
        return None
    if kind != "timestamp":
        return "takes no time zone"
    if not (_OFFSET.fullmatch(zone) or is_timezone(zone)):
        return f"{zone} is not a time zone; take a name such as UTC or Europe/Berlin"
    return None
