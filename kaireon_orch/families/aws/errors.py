"""What botocore raises → our codes: by the error code that AWS names, the HTTP status, or the exception's class.

Codes: "Common Errors" of the API references of Kinesis, S3, DynamoDB, SQS and STS.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Words = tuple[FaultCode, str]

_UNKNOWN_KEY: Final = (FaultCode.CREDENTIALS_REFUSED, "AWS does not know this access key id.")
_SIGNATURE: Final = (
    FaultCode.CREDENTIALS_REFUSED,
    "AWS refused the signature: the secret access key does not belong to the access key id, or this clock is wrong.",
)
_TOKEN: Final = (
    FaultCode.CREDENTIALS_REFUSED,
    "The session token is missing, wrong or expired; get new temporary credentials.",
)
_REFUSED: Final = (FaultCode.CREDENTIALS_REFUSED, "AWS refused the credentials.")
_DENIED: Final = (
    FaultCode.NOT_PERMITTED,
    "AWS knows the credentials but they have no right to do this; add it to the user's or role's policy.",
)
_MISSING: Final = (FaultCode.OBJECT_MISSING, "What was asked for does not exist in this region and account.")
_BUSY: Final = (
    FaultCode.BUSY,
    "AWS asks to wait: too many requests, or it is out of order; try again later.",
)
_INVALID: Final = (FaultCode.UNEXPECTED, "AWS refused the request as invalid; check the connector's fields.")
_OTHER: Final = (
    FaultCode.UNEXPECTED,
    "The endpoint answered in an unexpected way; check that it is one of AWS.",
)

_BY_CODE: Final[Mapping[str, _Words]] = {
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidSignatureException": _SIGNATURE,
    "SignatureDoesNotMatch": _SIGNATURE,
    "RequestTimeTooSkewed": _SIGNATURE,
    "RequestExpired": _SIGNATURE,
    "ExpiredToken": _TOKEN,
    "ExpiredTokenException": _TOKEN,
    "InvalidToken": _TOKEN,
    "AuthFailure": _REFUSED,
    "IncompleteSignature": _REFUSED,
    "IncompleteSignatureException": _REFUSED,
    "MissingAuthenticationToken": _REFUSED,
    "MissingAuthenticationTokenException": _REFUSED,
    "NotAuthorized": _DENIED,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "OptInRequired": _DENIED,
    "KMSAccessDeniedException": _DENIED,
    "ResourceNotFoundException": _MISSING,
    "NoSuchBucket": _MISSING,
    "NoSuchKey": _MISSING,
    "QueueDoesNotExist": _MISSING,
    "AWS.SimpleQueueService.NonExistentQueue": _MISSING,
    "LimitExceededException": _BUSY,
    "ProvisionedThroughputExceededException": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "ServiceUnavailable": _BUSY,
    "ServiceUnavailableException": _BUSY,
    "SlowDown": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "ThrottledException": _BUSY,
    "TooManyRequestsException": _BUSY,
    "InvalidArgumentException": _INVALID,
    "ValidationException": _INVALID,
    "ValidationError": _INVALID,
}

_BY_STATUS: Final[Mapping[int, _Words]] = {
    401: _REFUSED,
    403: _DENIED,
    404: _MISSING,
    429: _BUSY,
    503: _BUSY,
}

# The first class that fits; subclasses stand before their parents.
_BY_CLASS: Final[tuple[tuple[type[Exception], _Words], ...]] = (
    (
        exceptions.SSLError,
        (FaultCode.TLS_FAILED, "TLS failed: it is not offered, or the certificate does not verify."),
    ),
    (exceptions.ConnectTimeoutError, (FaultCode.TIMED_OUT, "The endpoint could not be reached in time.")),
    (exceptions.ReadTimeoutError, (FaultCode.TIMED_OUT, "The endpoint did not answer in time.")),
    (exceptions.ConnectionError, (FaultCode.REFUSED, "Nothing answers at the endpoint.")),
    (
        exceptions.ConnectionClosedError,
        (FaultCode.UNEXPECTED, "The endpoint closed the connection without an answer."),
    ),
    (
        exceptions.InvalidRegionError,
        (FaultCode.MISSING_FIELDS, "The region is no AWS region's code, as in eu-central-1."),
    ),
    (
        exceptions.NoCredentialsError,
        (FaultCode.CREDENTIALS_REFUSED, "There are no credentials to sign with."),
    ),
    (exceptions.NoRegionError, (FaultCode.MISSING_FIELDS, "The region is missing.")),
    (
        exceptions.ParamValidationError,
        (FaultCode.MISSING_FIELDS, "A field does not fit what AWS takes there."),
    ),
)


# botocore's parsers trust the shape of what they parse, whoever sent it.
_MISSHAPEN: Final = (ResponseParserError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def translated() -> Iterator[None]:
    """Whatever a call of a client raises inside comes out as a `Fault`."""
    try:
        yield
    except (BotoCoreError, ClientError, *_MISSHAPEN) as error:
        raise fault(error) from None


def fault(error: Exception) -> Fault:
    """The fault that an exception of botocore stands for; its text, which may quote the peer, stays behind."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, exceptions.HTTPClientError) and isinstance(
        inner := error.kwargs.get("error"), Fault
    ):
        return inner
    code, words = next((of for kind, of in _BY_CLASS if isinstance(error, kind)), _OTHER)
    return Fault(code, words)


def _answered(error: ClientError) -> Fault:
    """An answer of the service: its code where we know it, else its status."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    named = _BY_CODE.get(str(error.response.get("Error", {}).get("Code")))
    code, words = named or _BY_STATUS.get(status, _OTHER)
    return Fault(code, words)
