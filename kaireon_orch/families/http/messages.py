"""A request as its caller means it, as the wire has it, and the answer to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self, cast

import httpcore

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http.faults import REQUEST_ERRORS, fault_of, status_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from kaireon_orch.families.http.url import Url

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_BODY_BYTES: Final = 32 << 20
"""For a body that is held in memory."""

USER_AGENT: Final = "kaireon-orch"

_OURS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Headers that say where a message ends, how it is packed and whom it is for: no caller sets them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its caller means it; headers that are not harmless are dropped on a change of origin."""

    method: str
    url: Url
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    redirected: bool = False
    """Whether it has left the origin that it was made for."""

    def on_wire(self) -> httpcore.Request:
        """Raises `Fault` MISSING_FIELDS for a header's value that no header may hold."""
        own = {"host": self.url.authority, "user-agent": USER_AGENT, "accept": "*/*"}
        if self.body is not None:
            own["content-length"] = str(len(self.body))
        given = {name.lower(): value for name, value in self.headers.items() if name.lower() not in _OURS}
        headers = own | given | {"accept-encoding": "identity"}
        return httpcore.Request(
            self.method,
            httpcore.URL(
                scheme=self.url.scheme, host=self.url.host, port=self.url.port, target=self.url.target
            ),
            headers=[_header(name.title(), value) for name, value in headers.items()],
            content=self.body,
        )


class Response:
    """An answer whose headers have come and whose body has not; to be closed."""

    def __init__(self, answer: httpcore.Response, request: Request) -> None:
        self._answer = answer
        self.request = request
        self.status = answer.status
        self.headers = _folded(answer.headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def raise_for_status(self) -> Self:
        """Itself. Raises `Fault` for a status of 400 and above, and for a redirect that leads nowhere."""
        host = self.request.url.host
        fault = status_fault(self.status, host)
        if fault is not None and fault.fault is FaultCode.CREDENTIALS_REFUSED and self.request.redirected:
            raise Fault(
                fault.fault, f"{host} asks for credentials; they are not sent along to where a redirect leads"
            )
        if fault is not None:
            raise fault
        if self.status in REDIRECTS:
            raise Fault(FaultCode.UNEXPECTED, f"{host} redirects without saying where to")
        return self

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes. Raises `Fault`: TIMED_OUT or the deadline's, TLS_FAILED, UNEXPECTED."""
        try:
            yield from cast("Iterable[bytes]", self._answer.stream)
        except REQUEST_ERRORS as error:
            raise fault_of(error, self.request.url.host) from None

    def read(self, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """The whole body. Raises what `chunks` raises, and UNEXPECTED beyond `max_bytes`."""
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) > max_bytes:
                raise Fault(
                    FaultCode.UNEXPECTED, f"{self.request.url.host} answers with more than {max_bytes} bytes"
                )
        return bytes(body)

    def json(self, max_bytes: int = MAX_BODY_BYTES) -> Any:  # noqa: ANN401  whatever JSON holds
        """The whole body as JSON. Raises what `read` raises, and UNEXPECTED where it is none."""
        try:
            return json.loads(self.read(max_bytes))
        except (ValueError, RecursionError):
            raise Fault(
                FaultCode.UNEXPECTED, f"{self.request.url.host} answers with something that is no JSON"
            ) from None

    def close(self) -> None:
        self._answer.close()


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if not (name.isascii() and value.isascii() and value.isprintable()):
        raise Fault(
            FaultCode.MISSING_FIELDS,
            f"the value for the header {name!r} holds characters that no header may hold",
        )
    return name.encode(), value.strip().encode()


def _folded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; those given several times joined by commas (RFC 9110, 5.3)."""
    folded: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        folded[name] = f"{folded[name]}, {value}" if name in folded else value
    return folded
