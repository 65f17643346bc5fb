"""Errors become answers here and nowhere else: every one of them is the contract's envelope."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kaireon_orch.errors import (
    Fault,
    FaultCode,
    FieldError,
    InvalidInput,
    KaireonError,
    RateLimited,
    RequestError,
    Unauthenticated,
    Unavailable,
)

# A peer that failed us is a bad gateway; everything else a fault says about the connector as it is stored.
_GATEWAY = {
    FaultCode.NAME_NOT_RESOLVED: 502,
    FaultCode.REFUSED: 502,
    FaultCode.TLS_FAILED: 502,
    FaultCode.BUSY: 502,
    FaultCode.UNEXPECTED: 502,
    FaultCode.CHILD_DIED: 502,
    FaultCode.TIMED_OUT: 504,
    FaultCode.DEADLINE: 504,
}
_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}
_CHALLENGE = 'Bearer realm="kaireon"'


class PayloadTooLarge(RequestError):
    code = "PAYLOAD_TOO_LARGE"
    status = 413


class UnsupportedMediaType(RequestError):
    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


def envelope(
    request_id: str, status: int, code: str, message: str, details: Sequence[FieldError] = ()
) -> dict[str, Any]:
    """`{"error": {code, message, status, details, requestId}}`."""
    fields = [{"field": detail.field, "message": detail.message} for detail in details]
    error = {"code": code, "message": message, "status": status, "details": fields, "requestId": request_id}
    return {"error": error}


def answer(request_id: str, error: KaireonError) -> JSONResponse:
    """The response to an error of ours; what no client can act on is a 500 without detail."""
    if isinstance(error, RequestError):
        body = envelope(request_id, error.status, error.code, error.message, error.details)
        return JSONResponse(body, error.status, headers=_headers(error))
    if isinstance(error, Fault):
        status = _GATEWAY.get(error.fault, 409)
        return JSONResponse(envelope(request_id, status, error.code, error.message), status)
    return internal(request_id)


def internal(request_id: str) -> JSONResponse:
    """A failure that we did not foresee: the request id is all that leaves, the log has the rest."""
    message = "the server failed; its log has the details under this request id"
    return JSONResponse(envelope(request_id, 500, "INTERNAL", message), 500)


def _headers(error: RequestError) -> dict[str, str]:
    if isinstance(error, RateLimited | Unavailable):
        return {"Retry-After": str(max(1, error.retry_after))}
    return {"WWW-Authenticate": _CHALLENGE} if isinstance(error, Unauthenticated) else {}


def install(app: FastAPI) -> None:
    """Register the handlers; what passes them all ends in `api.edge`."""
    app.add_exception_handler(KaireonError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_parameters)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_ours(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestError | Fault):
        raise error
    return answer(request.state.request_id, error)


async def _on_parameters(request: Request, error: Exception) -> JSONResponse:
    """Query and header parameters: pydantic's words without its `input`, under the parameter's own name."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class alone
    details = [FieldError(str(problem["loc"][-1]), _words(problem)) for problem in error.errors()]
    names = ", ".join(dict.fromkeys(detail.field for detail in details))
    return answer(
        request.state.request_id, InvalidInput(f"these parameters cannot be used: {names}", details)
    )


def _words(problem: Mapping[str, Any]) -> str:
    return str(problem["msg"]).removeprefix("Value error, ")


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    """What the router refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class alone
    status = error.status_code
    headers = dict(error.headers or {})
    if status == 405:  # noqa: PLR2004  the status of a path that has other methods
        headers["Allow"] = ", ".join(request.app.state.allowed(request.url.path))
    body = envelope(
        request.state.request_id, status, _CODES.get(status, "BAD_REQUEST"), _reason(request, status)
    )
    return JSONResponse(body, status, headers=headers)


def _reason(request: Request, status: int) -> str:
    if status == 405:  # noqa: PLR2004  as above
        return f"{request.method} is not a method of this path; the Allow header names those it has"
    return "there is nothing at this path" if status == 404 else "the request cannot be served"  # noqa: PLR2004  404
