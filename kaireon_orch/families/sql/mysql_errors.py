"""MySQL's error numbers → our codes, for everything that speaks its protocol; the server's words never leave.

Numbers: MySQL's "Server Error Message Reference" and MariaDB's "Error Codes"; 2000 and up are the client's own.
"""

from __future__ import annotations

import ssl
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymysql import err

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Words = tuple[tuple[int, ...], FaultCode, str]

_TABLE: Final[tuple[_Words, ...]] = (
    (
        (1045, 1698, 1130, 1251, 1524, 1820, 1862, 3118, 4151),
        FaultCode.CREDENTIALS_REFUSED,
        "The server refused the user name or the password, or lets this user not in from here.",
    ),
    (
        (1044, 1142, 1143, 1227, 1370, 1419),
        FaultCode.NOT_PERMITTED,
        "This user has no right to do that: grant it, or use another user.",
    ),
    ((1290, 1792, 1836), FaultCode.NOT_PERMITTED, "Nothing can be written here: it is read-only."),
    ((1049,), FaultCode.OBJECT_MISSING, "The database does not exist."),
    ((1051, 1109, 1146), FaultCode.OBJECT_MISSING, "The table does not exist, or this user cannot see it."),
    ((1054,), FaultCode.OBJECT_MISSING, "A column that was asked for does not exist."),
    (
        (1040, 1041, 1053, 1129, 1203, 1226),
        FaultCode.BUSY,
        "The server takes no more connections now; try again later.",
    ),
    ((1099, 1205, 1213), FaultCode.TABLE_BUSY, "Another transaction was in the way; try again."),
    (
        (1317, 1969, 3024),
        FaultCode.TIMED_OUT,
        "The server cancelled the statement, by its time limit or on request.",
    ),
    (
        (1079, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2055),
        FaultCode.REFUSED,
        "The connection to the server was lost.",
    ),
    (
        (2026, 3159),
        FaultCode.TLS_FAILED,
        "TLS failed: it is not offered, or it is demanded and sslMode switches it off.",
    ),
    (
        (1064, 1235, 1248, 1295, 1305),
        FaultCode.NOT_SUPPORTED,
        "The statement is not understood: check its syntax.",
    ),
    ((1060,), FaultCode.BAD_DATA, "The query gives two columns of one name; name one of them with AS."),
    (
        (1242, 1292, 1365, 1411, 1441, 1690),
        FaultCode.BAD_DATA,
        "A value does not fit, or a calculation in the query failed.",
    ),
    ((1062,), FaultCode.ROW_REFUSED, "A row with the same key is there already (unique key)."),
    ((1048, 1364), FaultCode.ROW_REFUSED, "A column that may not be NULL got a NULL."),
    ((1216, 1452), FaultCode.ROW_REFUSED, "A row names another one that does not exist (foreign key)."),
    ((3819, 4025), FaultCode.ROW_REFUSED, "A row breaks a check constraint of the table."),
    ((1264, 1265, 1366, 1406), FaultCode.ROW_REFUSED, "A value does not fit its column."),
    (
        (1071, 1170),
        FaultCode.TARGET_REFUSED,
        "No index takes a key of that type or length: alter its columns to shorter VARCHAR or VARBINARY ones.",
    ),
    (
        (1021, 1114, 1118, 1153),
        FaultCode.TARGET_REFUSED,
        "A limit of the server was met: space, row or packet size.",
    ),
)
_BY_NUMBER: Final[Mapping[int, tuple[FaultCode, str]]] = {
    number: (code, words) for numbers, code, words in _TABLE for number in numbers
}
_OTHER: Final = (FaultCode.UNEXPECTED, "The server answered in an unexpected way.")
_VALUE_NUMBERS: Final = frozenset({1292, 1366})
BROKEN_PROTOCOL: Final = (RuntimeError, AssertionError, IndexError, struct.error, UnicodeDecodeError)
"""What the driver raises for bytes that are no MySQL protocol, and for a server that asks for a local file."""


def number(error: err.Error) -> int | None:
    """The error's number; None where the driver gives none."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else None


def fault(error: err.Error) -> Fault:
    """The fault that stands for a driver's error, told by its number and by what broke the connection."""
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError):
        return tls_failed()
    if isinstance(cause, TimeoutError):
        return Fault(FaultCode.TIMED_OUT, "The server did not answer in time.")
    found = number(error)
    code, words = _OTHER if found is None else _BY_NUMBER.get(found, _OTHER)
    return Fault(code, words if not found else f"{words} (MySQL error {found})")


def tls_failed() -> Fault:
    """The fault of a TLS handshake that did not end well."""
    return Fault(
        FaultCode.TLS_FAILED,
        "TLS failed: it is not offered, or the certificate does not verify. Give caCertificate, or change sslMode.",
    )


@contextmanager
def faults(*, writing: bool = False) -> Iterator[None]:
    """Turn what the driver raises inside into faults; where rows are written, a bad value is the row's fault."""
    try:
        yield
    except err.Error as error:
        if writing and number(error) in _VALUE_NUMBERS:
            raise Fault(
                FaultCode.ROW_REFUSED, f"A value does not fit its column. (MySQL error {number(error)})"
            ) from None
        raise fault(error) from None
    except BROKEN_PROTOCOL:
        raise Fault(
            FaultCode.UNEXPECTED,
            "The server broke the protocol, or asked for something that it does not get.",
        ) from None
