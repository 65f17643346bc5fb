"""The one HTTP client of all types: guarded connections, own redirects, credentials that stay with their origin.

It knows no proxies, netrc, cookies or content encodings, and looks at no environment but `SSL_CERT_FILE`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self, cast

import httpcore

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http.faults import REQUEST_ERRORS, fault_of
from kaireon_orch.families.http.messages import REDIRECTS, Request, Response
from kaireon_orch.families.http.transport import Clock, GuardedBackend, GuardedStream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from kaireon_orch.contract.door import Door
    from kaireon_orch.families.http.url import Origin, Url

MAX_REDIRECTS: Final = 5

_SEE_OTHER: Final = 303
_KEEP_METHOD: Final = frozenset({307, 308})
_HEAD_REFUSED: Final = frozenset({400, 403, 404, 405, 501})
_HARMLESS: Final = frozenset({"accept", "accept-language", "content-type", "range", "user-agent"})
"""Headers that go along to another origin; whatever else there is may be a credential."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers and query parameters that prove who asks. They go to `origin` and nowhere else."""

    origin: Origin
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


class HttpClient:
    """Asks through the door. Not to be shared between threads; its connections are kept for further requests.

    `ca_certificate` (PEM) is trusted beside the system's own authorities. `public_plain`: whether a public address may
    be asked by plain http; an address that the operator allowed always may. `reserve` seconds of the job's deadline
    are left to the caller: requests then end TIMED_OUT that much earlier.
    """

    def __init__(
        self,
        door: Door,
        *,
        credentials: Credentials | None = None,
        ca_certificate: str | None = None,
        public_plain: bool = False,
        reserve: float = 0.0,
    ) -> None:
        self._credentials = credentials
        self._pool = httpcore.ConnectionPool(
            ssl_context=None if ca_certificate is None else _trusting(ca_certificate),
            max_connections=None,
            network_backend=GuardedBackend(Clock(door, reserve), public_plain),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, request: Request) -> Response:
        """The answer at the end of at most `MAX_REDIRECTS` redirects, whatever its status.

        Raises `Fault`: what the door raises, TIMED_OUT, TLS_FAILED, and UNEXPECTED for what is no HTTP, for redirects
        without end, from https to http, or with a request's body to another origin.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(request)
            following = _following(request, response)
            if following is None:
                return response
            response.close()
            request = following
        raise Fault(FaultCode.UNEXPECTED, f"{request.url.host} redirects more than {MAX_REDIRECTS} times")

    def get(self, url: Url, headers: Mapping[str, str] | None = None) -> Response:
        """`open` for a GET that must succeed. Raises also what `Response.raise_for_status` raises."""
        response = self.open(Request("GET", url, headers or {}))
        try:
            return response.raise_for_status()
        except Fault:
            response.close()
            raise

    def probe(self, url: Url, headers: Mapping[str, str] | None = None) -> None:
        """HEAD, or GET without its body where the server refuses HEAD. Raises what `get` raises."""
        with self.open(Request("HEAD", url, headers or {})) as response:
            if response.status not in _HEAD_REFUSED:
                response.raise_for_status()
                return
        # A signed URL answers HEAD with 403, frameworks with 404 or 405: GET decides.
        self.get(url, headers).close()

    def close(self) -> None:
        self._pool.close()

    def _send(self, request: Request) -> Response:
        url, headers = request.url, dict(request.headers)
        if (
            self._credentials is not None
            and not request.redirected
            and url.origin == self._credentials.origin
        ):
            url = url.with_params(self._credentials.params)
            headers |= self._credentials.headers
        try:
            answer = self._pool.handle_request(replace(request, url=url, headers=headers).on_wire())
        except REQUEST_ERRORS as error:
            raise fault_of(error, url.host) from None
        cast("GuardedStream", answer.extensions["network_stream"]).body_follows()
        return Response(answer, request)


def _following(request: Request, response: Response) -> Request | None:
    """The request that a redirect asks for; None where the answer is none."""
    location = response.headers.get("location")
    if response.status not in REDIRECTS or not location:
        return None
    try:
        return _redirected(request, response.status, request.url.join(location))
    except Fault:
        response.close()
        raise


def _redirected(request: Request, status: int, url: Url) -> Request:
    if request.url.scheme == "https" and url.scheme == "http":
        raise Fault(FaultCode.UNEXPECTED, f"{request.url.host} redirects from https to http")
    following = replace(request, url=url)
    if status not in _KEEP_METHOD and (status == _SEE_OTHER or request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        following = replace(following, method=method, body=None)
    return following if url.origin == request.url.origin else _stripped(following)


def _stripped(request: Request) -> Request:
    """The request as another origin may see it."""
    if request.body is not None:
        raise Fault(
            FaultCode.UNEXPECTED,
            f"a redirect asks to send what was meant for another server to {request.url.host}",
        )
    headers = {name: value for name, value in request.headers.items() if name.lower() in _HARMLESS}
    return replace(request, headers=headers, redirected=True)


def _trusting(ca_certificate: str) -> ssl.SSLContext:
    """The usual trust, and the authority given. Raises `Fault` TLS_FAILED where it is no certificate."""
    context = httpcore.default_ssl_context()
    try:
        context.load_verify_locations(cadata=ca_certificate)
    except (ssl.SSLError, ValueError):
        raise Fault(FaultCode.TLS_FAILED, "caCertificate holds no certificate in PEM form") from None
    return context
