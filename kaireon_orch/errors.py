"""Every error that leaves a room of this project.

    KaireonError                 code, retryable, a message that is safe to show
    ├── RequestError             what a caller of a use case did or met; the API's codes
    │   ├── InvalidInput         BAD_REQUEST, with the fields at fault
    │   │   └── SecretsRequired  SECRETS_REQUIRED
    │   ├── Unauthenticated, Forbidden, NotFound
    │   ├── NameTaken, InUse, Stale, NotRunnable, AlreadyEnded, SecretUnreadable
    │   ├── RateLimited          with the seconds to wait
    │   └── Unavailable          the registry or Dagster is out of reach
    ├── Fault                    what happened at the other end of a connection, or in a load
    └── SettingsError            the operator's settings cannot be used

The receiver decides by class, `code` and `retryable`, never by the text. A message holds no secret, no
driver's words and no resolved address, and says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FaultCode(StrEnum):
    """Codes of connection tests and of runs, as the specification fixes them."""

    MISSING_FIELDS = "MISSING_FIELDS"
    BREAKER_OPEN = "BREAKER_OPEN"
    ADDRESS_BLOCKED = "ADDRESS_BLOCKED"
    NAME_NOT_RESOLVED = "NAME_NOT_RESOLVED"
    REFUSED = "REFUSED"
    TIMED_OUT = "TIMED_OUT"
    TLS_FAILED = "TLS_FAILED"
    CREDENTIALS_REFUSED = "CREDENTIALS_REFUSED"
    NOT_PERMITTED = "NOT_PERMITTED"
    OBJECT_MISSING = "OBJECT_MISSING"
    BUSY = "BUSY"
    FILE_NOT_ALLOWED = "FILE_NOT_ALLOWED"
    BAD_DATA = "BAD_DATA"
    UNEXPECTED = "UNEXPECTED"
    NOT_READY = "NOT_READY"
    NOT_BUILT = "NOT_BUILT"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  a code, not a secret
    NOT_RUNNABLE = "NOT_RUNNABLE"
    SCHEMA_CHANGED = "SCHEMA_CHANGED"
    TYPE_LOSSY = "TYPE_LOSSY"
    ROW_REFUSED = "ROW_REFUSED"
    TABLE_BUSY = "TABLE_BUSY"
    EMPTY_SOURCE = "EMPTY_SOURCE"
    LIMIT_REACHED = "LIMIT_REACHED"
    DEADLINE = "DEADLINE"
    CHILD_DIED = "CHILD_DIED"
    CANCELED = "CANCELED"
    TARGET_REFUSED = "TARGET_REFUSED"


RETRYABLE = frozenset(
    {
        FaultCode.NAME_NOT_RESOLVED,
        FaultCode.REFUSED,
        FaultCode.TIMED_OUT,
        FaultCode.BUSY,
        FaultCode.TABLE_BUSY,
        FaultCode.CHILD_DIED,
    }
)


class KaireonError(Exception):
    """Base of all our errors: `code` is stable, `retryable` says whether waiting may help."""

    code: str = "INTERNAL"
    retryable: bool = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(KaireonError):
    """The operator's settings cannot be used; names the setting and what it takes."""

    code = "SETTINGS"


class Fault(KaireonError):
    """What a test or a run met: one of `FaultCode`, whether it may pass by itself, safe words."""

    def __init__(self, code: FaultCode, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.fault = code
        self.code = code.value
        self.retryable = code in RETRYABLE if retryable is None else retryable

    def to_wire(self) -> dict[str, object]:
        """`{code, message, retryable}`: the only form in which a fault leaves the guarded child."""
        return {"code": self.code, "message": self.message, "retryable": self.retryable}

    @classmethod
    def from_wire(cls, wire: Mapping[str, object]) -> Fault:
        """Inverse of `to_wire`; an unknown code becomes UNEXPECTED."""
        try:
            code = FaultCode(str(wire["code"]))
        except (KeyError, ValueError):
            code = FaultCode.UNEXPECTED
        message = str(wire.get("message", "the worker ended without saying why"))
        return cls(code, message, retryable=bool(wire.get("retryable", False)))


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field at fault: its path as the client sent it (`config.port`), and what is wrong."""

    field: str
    message: str


class RequestError(KaireonError):
    """What the API answers with an envelope; `details` names fields where there are any."""

    status: ClassVar[int] = 500

    def __init__(self, message: str, details: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)


class InvalidInput(RequestError):
    code = "BAD_REQUEST"
    status = 400


class SecretsRequired(InvalidInput):
    code = "SECRETS_REQUIRED"


class Unauthenticated(RequestError):
    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(RequestError):
    code = "FORBIDDEN"
    status = 403


class NotFound(RequestError):
    code = "NOT_FOUND"
    status = 404


class NameTaken(RequestError):
    code = "NAME_TAKEN"
    status = 409


class InUse(RequestError):
    code = "IN_USE"
    status = 409


class NotRunnable(RequestError):
    code = "NOT_RUNNABLE"
    status = 409


class AlreadyEnded(RequestError):
    code = "ALREADY_ENDED"
    status = 409


class SecretUnreadable(RequestError):
    code = "SECRET_UNREADABLE"
    status = 409


class Stale(RequestError):
    code = "STALE"
    status = 412


class RateLimited(RequestError):
    code = "RATE_LIMITED"
    status = 429
    retryable = True

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(RequestError):
    code = "UNAVAILABLE"
    status = 503
    retryable = True

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
