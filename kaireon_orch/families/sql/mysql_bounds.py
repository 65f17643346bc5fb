"""What bounds the values of a MySQL column beyond its type: the server's character sets, and where its TIMESTAMP ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kaireon_orch.families.sql.mysql_catalog import MyColumn
from kaireon_orch.families.sql.mysql_types import MyType

if TYPE_CHECKING:
    from kaireon_orch.families.sql.mysql_catalog import MyTable
    from kaireon_orch.families.sql.mysql_session import Session

_WHOLE_UNICODE: Final = frozenset({"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"})
_NARROW_UNICODE: Final = frozenset({"utf8", "utf8mb3", "ucs2"})
_BEYOND_16_BITS: Final = r"[\x{10000}-\x{10FFFF}]"
_LAST_SECOND: Final = 2**31 - 1


def of_field(name: str, native: str, last: int) -> MyColumn:
    """A column that is made of type words of ours. `last`: see `last_second`."""
    type_ = MyType.parse(native)
    length = type_.length if type_.name == "varchar" else None
    nullable = "NOT NULL" not in native
    return MyColumn(name, type_, nullable, None, "", length, last_second=last)


def judged(session: Session, of: MyTable) -> MyTable:
    """The table with what is needed to tell which values it holds; asks the server about its character sets."""
    charsets = {each.charset for each in of.columns if each.charset}
    foreign = {charset: _foreign(session, charset) for charset in charsets}
    last = last_second(session)
    columns = (
        replace(each, foreign=foreign.get(each.charset or ""), last_second=last) for each in of.columns
    )
    return replace(of, columns=tuple(columns))


def last_second(session: Session) -> int:
    """Where a TIMESTAMP ends, in seconds from 1970: MariaDB counts without a sign from 11.5 on."""
    return 2**32 - 1 if session.is_mariadb and session.version >= (11, 5) else _LAST_SECOND


def _foreign(session: Session, charset: str) -> str | None:
    """A regular expression for characters that the set has not; None for sets that have all, or too many to tell."""
    if charset in _WHOLE_UNICODE:
        return None
    if charset in _NARROW_UNICODE:
        return _BEYOND_16_BITS
    (size,), *_ = session.execute(
        "SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = %s", (charset,)
    )
    if int(size) != 1 or not charset.isalnum():
        return None
    every = bytes(range(1, 256)).hex()
    (known,), *_ = session.execute(f"SELECT CONVERT(_{charset} x'{every}' USING utf8mb4)")
    return "[^" + "".join(f"\\x{{{ord(each):x}}}" for each in sorted({"\0", *known})) + "]"
