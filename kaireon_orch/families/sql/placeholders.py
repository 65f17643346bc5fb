"""Where a query asks for a value: `:name` or `?` outside of its texts, quoted names and comments.

With values by name `:name` is a placeholder, with values by position `?` is, and `??` stands for a question mark of the
query's own. A placeholder is an operand, so nothing that an operand cannot follow makes one: `a::int`, `{'a':b}`, `x[1:n]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch.contract.binds import Binds, Value


STANDARD: Final = r"""
      --[^\r\n]* | /\*.*?\*/
    | [eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$
"""
"""What PostgreSQL and DuckDB do not read as SQL."""

SQLITE: Final = r"""
      --[^\n]* | /\*.*?\*/
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]
"""
MYSQL: Final = r"""
      --(?=\s|$)[^\n]* | \#[^\n]* | /\*.*?\*/
    | '(?:[^'\\]|''|\\.)*' | "(?:[^"\\]|""|\\.)*" | `(?:[^`]|``)*`
"""
"""As the session's own `sql_mode` has it: backslashes escape, double quotes hold texts."""

_REST: Final = r"""
    | (?P<word> [^\W\d][\w$]*)
    | (?<![\w$:'"`)\]]):(?P<name> [A-Za-z_]\w*)
    | (?P<doubled> \?\?) | (?P<mark> \?)
    | .
"""


def filled(query: str, binds: Binds, write: Callable[[int, Value], str], opaque: str = STANDARD) -> str:
    """The query with what `write` gives for the value of that place instead of each placeholder.

    `opaque` is the pattern of what is no SQL to the database. Raises `Fault` MISSING_FIELDS for a placeholder without
    a value, BAD_DATA for a value without a placeholder; both are named.
    """
    asked: list[int] = []
    missing: list[str] = []

    def wanted(at: int | None, label: str) -> str:
        if at is None:
            missing.append(label)
            return ""
        asked.append(at)
        return write(at, binds.values[at])

    parts = [_part(match, binds, wanted, len(asked) + len(missing)) for match in _tokens(query, opaque)]
    _demand_all(binds, asked, list(dict.fromkeys(missing)))
    return "".join(parts)


def _tokens(query: str, opaque: str) -> list[re.Match[str]]:
    pattern = re.compile(f"(?P<opaque> {opaque}) {_REST}", re.VERBOSE | re.DOTALL)
    return list(pattern.finditer(query))


def _part(match: re.Match[str], binds: Binds, wanted: Callable[[int | None, str], str], before: int) -> str:
    name = match["name"]
    if binds.names is not None:
        if name is None:
            return match[0]
        return wanted(binds.names.index(name) if name in binds.names else None, f":{name}")
    if match["doubled"]:
        return "?"
    if not match["mark"]:
        return match[0]
    return wanted(before if before < len(binds.values) else None, f"? number {before + 1}")


def _demand_all(binds: Binds, asked: list[int], missing: list[str]) -> None:
    if missing:
        raise Fault(
            FaultCode.MISSING_FIELDS, f"The query was not run: params has no value for {', '.join(missing)}."
        )
    left = [binds.label(at) for at in range(len(binds.values)) if at not in asked]
    if left:
        raise Fault(
            FaultCode.BAD_DATA,
            f"The query was not run: it asks nowhere for {', '.join(left)} of params.",
        )


def refused(binds: Binds, at: int, why: str) -> Fault:
    """The fault of a value that the database does not have."""
    return Fault(FaultCode.TYPE_LOSSY, f"The query was not run: the value {binds.label(at)} of params {why}.")
