"""A tenant's query: one SELECT, wrapped so that it can be nothing else, and capped in the database itself."""

from __future__ import annotations

import re
from typing import Final

from kaireon_orch.errors import Fault, FaultCode

# PostgreSQL's lexer is the widest: names go on with $ and hold anything beyond ASCII, E'…' has backslashes, and a
# carriage return ends a comment.
_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\r\n]*(?:\r\n?|\n|$))
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\'\'|\\.)*')
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<dollar>\$(?:(?:[A-Za-z_]|[^\x00-\x7f])(?:\w|[^\x00-\x7f])*)?\$)
    | (?P<word>(?:[A-Za-z_]|[^\x00-\x7f])(?:[\w$]|[^\x00-\x7f])*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_STARTS: Final = ("select", "with")
_WRITES: Final = frozenset({"insert", "update", "delete", "merge", "into"})


def one_select(query: str) -> str:
    """The query without a closing semicolon. Raises `Fault` NOT_SUPPORTED unless it is one SELECT or WITH … SELECT.

    This is for clear words up front; that nothing is written is enforced by the read-only connection, and that it is
    one statement by whoever runs it: databases read comments and quotes in more ways than are known here.
    """
    words: list[str] = []
    depth = 0
    ended = False
    for kind, token in _tokens(query):
        if ended:
            raise _refused("only one statement may be run")
        if kind == "word":
            words.append(token.lower())
        depth += {"(": 1, ")": -1}.get(token, 0)
        ended = token == ";"  # noqa: S105  punctuation
        if depth < 0:
            raise _refused("its parentheses do not match")
    if depth or not words or words[0] not in _STARTS:
        raise _refused("it must begin with SELECT or WITH and be complete")
    if words[0] == "with" and _WRITES.intersection(words):
        raise _refused("it may not write")
    return query.strip().rstrip(";").rstrip() if not ended else _before_semicolon(query)


def _before_semicolon(query: str) -> str:
    return query[: query.rindex(";")].rstrip()


def _tokens(query: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        assert match is not None  # noqa: S101  the last alternative takes any character
        kind, position = str(match.lastgroup), match.end()
        if kind == "comment":
            position = _after_comment(query, position)
        elif kind == "dollar":
            position = _after(query, match[0], position)
        elif match[0] in {"'", '"'}:
            raise _refused("a text in it does not end")
        elif kind != "space":
            _demand_readable(found, kind, match[0])
            found.append((kind, match[0]))
    return found


def _demand_readable(before: list[tuple[str, str]], kind: str, token: str) -> None:
    if kind == "other" and token in "'\"\x00":  # noqa: S105  punctuation
        raise _refused("a quoted text or name in it does not end")
    if kind == "text" and before and before[-1][0] == "escaped":
        raise _refused("a text with escapes stands in it in several pieces")


def _after_comment(query: str, position: int) -> int:
    end = _after(query, "*/", position)
    if "/*" in query[position:end]:  # ends at the first */ for some databases, at the second for others
        raise _refused("a comment in it holds another")
    return end


def _after(query: str, end: str, position: int) -> int:
    at = query.find(end, position)
    if at < 0:
        raise _refused("a comment or a text in it does not end")
    return at + len(end)


def _refused(why: str) -> Fault:
    return Fault(
        FaultCode.NOT_SUPPORTED, f"The query was not run: {why}. Give one SELECT (or WITH … SELECT)."
    )


def capped(select: str, limit: int | None) -> str:
    """`select` with at most `limit` rows, asked of the database; the line break ends a trailing comment."""
    return select if limit is None else f"SELECT * FROM (\n{select}\n) AS limited LIMIT {int(limit)}"  # noqa: S608  names are quoted, values are parameters
