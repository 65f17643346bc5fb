"""A job author's statements: cut where each ends, and none among them that ends the transaction they run in."""

from __future__ import annotations

import re
from typing import Final

from kaireon_orch.errors import Fault, FaultCode

_WORD: Final = re.compile(r"\s*([A-Za-z]+)")
_OF_TRANSACTIONS: Final = frozenset({"abort", "begin", "commit", "end", "rollback", "start", "xa"})


def statements(script: str, opaque: str) -> list[str]:
    """The statements without their semicolons; `opaque` is the pattern of what is no SQL to the database.

    Raises `Fault` NOT_SUPPORTED for none at all, for one that begins or ends a transaction, and for a NUL.
    """
    if "\x00" in script:
        raise _refused("it holds a NUL character")
    found = [each for each in _cut(script, opaque) if _plain(each, opaque).strip()]
    if not found:
        raise _refused("there is no statement in it")
    for each in found:
        first = _WORD.match(_plain(each, opaque))
        if first is not None and first[1].lower() in _OF_TRANSACTIONS:
            raise _refused(f"it runs in one transaction of its own, so {first[1].upper()} is not for it")
    return found


def _cut(script: str, opaque: str) -> list[str]:
    parts = [""]
    for token in re.finditer(
        f"(?P<opaque> {opaque}) | (?P<end> ;) | [\\w$]+ | .", script, re.VERBOSE | re.DOTALL
    ):
        if token["end"]:
            parts.append("")
        else:
            parts[-1] += token[0]
    return parts


def _plain(statement: str, opaque: str) -> str:
    """What is left of it without texts and comments."""
    return re.sub(opaque, " ", statement, flags=re.VERBOSE | re.DOTALL)


def _refused(why: str) -> Fault:
    return Fault(FaultCode.NOT_SUPPORTED, f"The SQL was not run: {why}.")
