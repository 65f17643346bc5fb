"""From what HTTP met to `Fault`: by exception class and status code, never by text."""

from __future__ import annotations

import ssl
from typing import Final

import httpcore

from kaireon_orch.errors import Fault, FaultCode

CLIENT_ERROR: Final = 400
SERVER_ERROR: Final = 500

_BY_STATUS: Final = {
    401: (FaultCode.CREDENTIALS_REFUSED, "refused the credentials (401); check them"),
    403: (FaultCode.NOT_PERMITTED, "does not permit this (403); check what the credentials may do"),
    404: (FaultCode.OBJECT_MISSING, "has nothing at this address (404); check the URL"),
    410: (FaultCode.OBJECT_MISSING, "has nothing at this address any more (410); check the URL"),
    429: (FaultCode.BUSY, "asks to wait (429); try again later"),
    503: (FaultCode.BUSY, "is not available for now (503); try again later"),
}

# OpenSSL's X509_V_ERR_* numbers.
_CERTIFICATES: Final = {
    10: "has expired",
    18: "is signed by itself",
    19: "comes from an authority that is not trusted",
    20: "comes from an authority that is not trusted",
    62: "is for another host name",
    64: "is for another address",
}

REQUEST_ERRORS: Final = (OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
"""Whatever a request can raise beside `Fault`; `fault_of` knows it all. TLS errors are `OSError`s."""


def status_fault(status: int, host: str) -> Fault | None:
    """What an answer's status means; None below 400. A server's own error (5xx) may pass by itself."""
    if status < CLIENT_ERROR:
        return None
    code, words = _BY_STATUS.get(status, (FaultCode.UNEXPECTED, f"answered with status {status}"))
    return Fault(code, f"{host} {words}", retryable=status >= SERVER_ERROR or code is FaultCode.BUSY)


def fault_of(error: Exception, host: str) -> Fault:
    """What an exception of `REQUEST_ERRORS` means; none of its words are kept."""
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = _CERTIFICATES.get(error.verify_code, "is not valid")
        return Fault(FaultCode.TLS_FAILED, f"the certificate of {host} {problem}")
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return Fault(FaultCode.TLS_FAILED, f"{host} and this side do not agree on TLS; check scheme and port")
    if isinstance(error, TimeoutError | httpcore.TimeoutException):
        return Fault(FaultCode.TIMED_OUT, f"{host} stopped answering")
    if isinstance(error, httpcore.ProtocolError):
        return Fault(
            FaultCode.UNEXPECTED, f"{host} does not answer as HTTP asks, or broke off", retryable=True
        )
    return Fault(FaultCode.UNEXPECTED, f"the connection to {host} broke", retryable=True)
