"""SQLSTATE → our codes, once for every type that reports it; the server's words never leave.

Classes and codes: PostgreSQL's Appendix A, "PostgreSQL Error Codes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Mapping

_Words = tuple[FaultCode, str]

_BY_CODE: Final[Mapping[str, _Words]] = {
    "28P01": (FaultCode.CREDENTIALS_REFUSED, "The server refused the user name or the password."),
    "28000": (
        FaultCode.CREDENTIALS_REFUSED,
        "The server lets this user not in from here: check user name, password, TLS mode and the server's access rules.",
    ),
    "3D000": (FaultCode.OBJECT_MISSING, "The database does not exist."),
    "3F000": (FaultCode.OBJECT_MISSING, "The schema does not exist."),
    "42P01": (FaultCode.OBJECT_MISSING, "The table does not exist, or this user cannot see it."),
    "42703": (FaultCode.OBJECT_MISSING, "A column that was asked for does not exist."),
    "42501": (FaultCode.NOT_PERMITTED, "This user has no right to do that: grant it, or use another user."),
    "25006": (
        FaultCode.NOT_PERMITTED,
        "The database is read-only, as a standby's is: give the host of one that can be written to.",
    ),
    "22021": (
        FaultCode.ROW_REFUSED,
        "A text holds a character that the database cannot keep, such as the NUL character.",
    ),
    "22P02": (FaultCode.ROW_REFUSED, "A value is none of its column's type."),
    "23502": (FaultCode.ROW_REFUSED, "A column that may not be NULL got a NULL."),
    "23503": (FaultCode.ROW_REFUSED, "A row names another one that does not exist (foreign key)."),
    "23505": (FaultCode.ROW_REFUSED, "A row with the same key is there already (unique constraint)."),
    "23514": (FaultCode.ROW_REFUSED, "A row breaks a check constraint of the table."),
    "42601": (FaultCode.NOT_SUPPORTED, "The query is not understood: check its syntax."),
    "54000": (FaultCode.TARGET_REFUSED, "A limit of the server was met."),
    "53100": (FaultCode.BUSY, "The server's disk is full: make room there, then run it again."),
    "53200": (FaultCode.BUSY, "The server is out of memory; run it again when less is going on there."),
    "53300": (
        FaultCode.BUSY,
        "The server has no connection left: run it again later, let less run at once, or raise max_connections.",
    ),
    "55P03": (
        FaultCode.TABLE_BUSY,
        "Another session holds the table: run it again when that one has ended its transaction, or end it.",
    ),
    "57014": (FaultCode.TIMED_OUT, "The server cancelled the statement, by its time limit or on request."),
    "57P01": (
        FaultCode.REFUSED,
        "The server ended the connection: it is stopping, or an administrator did so.",
    ),
    "57P03": (FaultCode.BUSY, "The server is starting or stopping; try again later."),
    "0A000": (FaultCode.NOT_SUPPORTED, "The server does not support what was asked."),
}

_BY_CLASS: Final[Mapping[str, _Words]] = {
    "08": (FaultCode.REFUSED, "The connection to the server was lost."),
    "21": (FaultCode.BAD_DATA, "The query failed on its data."),
    "22": (FaultCode.BAD_DATA, "A value does not fit, or a calculation in the query failed."),
    "23": (FaultCode.ROW_REFUSED, "A row breaks a constraint of the table."),
    "25": (FaultCode.UNEXPECTED, "The transaction was not in the state that it should be in."),
    "28": (FaultCode.CREDENTIALS_REFUSED, "The server refused the credentials."),
    "40": (FaultCode.TABLE_BUSY, "Another transaction was in the way; try again."),
    "42": (FaultCode.NOT_SUPPORTED, "The server does not accept the statement: check names and types."),
    "53": (FaultCode.BUSY, "The server is short of connections, memory or disk space."),
    "55": (FaultCode.TABLE_BUSY, "What the statement needs is in use."),
    "57": (FaultCode.REFUSED, "The server ended the connection."),
    "58": (FaultCode.UNEXPECTED, "The server met a fault of its own system."),
    "XX": (FaultCode.UNEXPECTED, "The server met a fault of its own."),
}

_OTHER: Final[_Words] = (FaultCode.UNEXPECTED, "The server answered in an unexpected way.")


def fault(sqlstate: str | None) -> Fault:
    """The fault that stands for an SQLSTATE; None is a connection that broke before the server could say anything."""
    if sqlstate is None:
        return Fault(FaultCode.REFUSED, "The connection to the server was lost.")
    code, words = _BY_CODE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2], _OTHER)
    return Fault(code, f"{words} (SQLSTATE {sqlstate})")
