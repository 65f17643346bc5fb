"""MySQL's SQL as we write it and as a tenant may: names in backticks, literals, one SELECT, conditions of a read."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.cursors import Place, listed
from kaireon_orch.families.sql.select import one_select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TOKEN: Final = re.compile(
    r"""
      (?P<comment>--(?=\s|$)[^\n]*|\#[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")
    | (?P<name>`(?:[^`]|``)*`)
    | (?P<open>['"`]|/\*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def quote(*names: str) -> str:
    """The names as one SQL identifier, each in backticks."""
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def quote_all(names: Iterable[str]) -> str:
    """A comma-separated list of quoted column names."""
    return ", ".join(quote(name) for name in names)


def literal(text: str) -> str:
    """The text as a string constant, whether or not backslashes escape."""
    return "x'" + text.encode().hex() + "'" if "\\" in text else "'" + text.replace("'", "''") + "'"


def checked_select(query: str) -> str:
    """The query without a closing semicolon. Raises `Fault` NOT_SUPPORTED unless it is one SELECT or WITH … SELECT.

    Texts, names and comments are MySQL's own here, so they are taken out before the common check sees the rest. Comments
    that MySQL executes (`/*! … */`) are refused. That nothing is written is the read-only transaction's to enforce.
    """
    plain: list[str] = []
    kept: list[str] = []
    for match in _TOKEN.finditer(query):
        kind, token = match.lastgroup, match[0]
        if kind == "open" or token.startswith(("/*!", "/*M!")) or "\x00" in token:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                "The query was not run: a text, a name or a comment in it does not end, or is one that the server runs.",
            )
        plain.append({"comment": " ", "text": "''", "name": '"n"'}.get(str(kind), token))
        kept.append(" " if kind == "comment" else token)
    one_select("".join(plain))
    return "".join(kept).strip().rstrip(";").rstrip()


def of_source(column: str) -> str:
    """A column of the rows called `source`; qualified, since a bare name in ORDER BY means what was selected."""
    return quote("source", column)


def place(types: Mapping[str, pa.DataType]) -> Place:
    """How columns of these types and values beside them are written."""
    return Place(
        of_source,
        lambda column, value: constant(value, types.get(column)),
        lambda column, texts: among(of_source(column), types[column], texts),
    )


def among(column: str, type_: pa.DataType, texts: Sequence[str]) -> str:
    """The condition that a quoted column is one of the keys; texts by their bytes in UTF-8.

    A collation may pass over letter case, accents and spaces at the end; it is asked first, since its index may help.
    """
    plain = listed(column, (_key_constant(text, type_) for text in texts))
    if not pa.types.is_string(type_):
        return plain
    octets = (f"x'{text.encode().hex()}'" for text in texts)
    return f"{plain} AND {listed(f'CAST(CONVERT({column} USING utf8mb4) AS BINARY)', octets)}"


def _key_constant(text: str, type_: pa.DataType) -> str:
    """Numbers bare: beside a text MySQL compares them as floats."""
    if pa.types.is_boolean(type_) or pa.types.is_integer(type_) or pa.types.is_decimal(type_):
        return text
    return constant(text, type_)


def constant(value: Any, type_: pa.DataType | None) -> str:  # noqa: ANN401  a watermark's value, from JSON
    """The value as an SQL constant; times of a column with a zone are told in UTC, which the session's zone is."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, str) and type_ is not None and pa.types.is_timestamp(type_):
        value = _moment(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(value, dt.datetime):
        return f"'{value.isoformat(' ', 'microseconds')}'"
    return literal(str(value))


def _moment(text: str) -> dt.datetime | str:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text
