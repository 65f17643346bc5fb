"""Names of tables and columns: parsed by us, each part quoted, never pasted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PARTS: Final = 3
MAX_LENGTH: Final = 255

_PART: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^".\s][^".]*?))\s*(\.|$)')


def parse_name(text: str) -> tuple[str, ...]:
    """One to three dot-separated names; double quotes hold names with dots, quotes doubled; case as written.

    Raises `Fault` OBJECT_MISSING for anything else: such a name can be no table's.
    """
    parts: list[str] = []
    position = 0
    while position < len(text) or not parts or text.endswith("."):
        found = _PART.match(text, position)
        if found is None or found.end() == position:
            raise _unreadable(text)
        parts.append(_part(found, text))
        position = found.end()
        if found[3] == "":
            break
    if len(parts) > MAX_PARTS:
        raise _unreadable(text)
    return tuple(parts)


def _part(found: re.Match[str], text: str) -> str:
    name = found[2] if found[1] is None else found[1].replace('""', '"')
    if not name or len(name) > MAX_LENGTH or "\x00" in name:
        raise _unreadable(text)
    return name


def _unreadable(text: str) -> Fault:
    return Fault(
        FaultCode.OBJECT_MISSING,
        f"{text[:100]!r} names no table: write one to three names with dots between, a name that has dots in double quotes.",
    )


def quote(*names: str) -> str:
    """The names as one SQL identifier, each in double quotes."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def quote_all(names: Iterable[str]) -> str:
    """A comma-separated list of quoted column names."""
    return ", ".join(quote(name) for name in names)


def literal(text: str) -> str:
    """The text as a standard SQL string constant."""
    return "'" + text.replace("'", "''") + "'"
