"""An httpx client for the author of a job: connections through the door, credentials for the connector's origin alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpcore
import httpx

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http import endpoint
from kaireon_orch.families.http.client import Credentials
from kaireon_orch.families.http.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import SecretStr

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.http.url import Url

USER_AGENT: Final = "kaireon-orch"

_Added: TypeAlias = "tuple[dict[str, str], dict[str, str]]"
"""Headers and query parameters."""


def open_client(opening: Opening[Any]) -> httpx.Client:
    """A client whose base URL is the connector's, with its headers and query parameters.

    The credentials are added to what goes to the URL's own origin, and are no headers of the client. Proxies and netrc
    of the environment are not looked at. Raises `Fault` MISSING_FIELDS without a URL or credentials, NOT_SUPPORTED for
    an authentication method that needs more than a header, and what the door says about the host.
    """
    config = opening.config
    if not config.url:
        raise Fault(FaultCode.NOT_SUPPORTED, "This connector has no URL, so it has no client; use read().")
    url = parse_url(config.url)
    credentials = _credentials(opening, url)
    endpoint.resolve(f"{url.scheme}://{url.authority}", opening.door)
    return httpx.Client(
        base_url=f"{url.scheme}://{url.authority}{url.target}",
        headers={"user-agent": USER_AGENT, **(getattr(config, "headers", None) or {})},
        params=getattr(config, "params", None) or {},
        transport=JudgedTransport(opening.door, credentials),
        trust_env=False,
    )


class JudgedTransport(httpx.HTTPTransport):
    """httpx's own transport over connections that the door has judged; a refusal raises the door's `Fault`."""

    def __init__(self, door: Door, credentials: Credentials) -> None:
        super().__init__(trust_env=False)
        self._credentials = credentials
        # httpx takes no network backend: its pool is replaced before the first request.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpcore.default_ssl_context(), network_backend=_JudgedBackend(door)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, with the credentials where it goes to their origin.

        They stand in a request of their own: httpx logs the URL of the one that it knows.
        """
        if _origin(request.url) == self._credentials.origin:
            request = httpx.Request(
                request.method,
                request.url.copy_merge_params(self._credentials.params),
                headers=httpx.Headers({**request.headers, **self._credentials.headers}),
                stream=request.stream,
                extensions=request.extensions,
            )
        return super().handle_request(request)


class _JudgedBackend(httpcore.SyncBackend):
    def __init__(self, door: Door) -> None:
        self._door = door

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._door.resolve(host, port).addresses
        for address in others:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(last, port, timeout, local_address, socket_options)

    def connect_unix_socket(self, path: str, *_: object, **__: object) -> httpcore.NetworkStream:  # noqa: ARG002  httpcore's
        raise Fault(FaultCode.ADDRESS_BLOCKED, "A connector's client opens no Unix sockets.")


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or endpoint.PORTS[url.scheme]


def _credentials(opening: Opening[Any], url: Url) -> Credentials:
    method, auth = opening.auth_method, opening.auth
    if method == "none" and auth is None:
        return Credentials(url.origin)
    if auth is None:
        raise Fault(FaultCode.MISSING_FIELDS, "The credentials of this connector are missing.")
    if method not in _METHODS:
        words = f"A client cannot log in by {method}; use read(), which can where the type does."
        raise Fault(FaultCode.NOT_SUPPORTED, words)
    headers, params = _METHODS[method](auth)
    return Credentials(url.origin, headers, params)


def _bearer(auth: Any) -> _Added:  # noqa: ANN401  the method's model
    return {"Authorization": f"Bearer {_opened(auth.token)}"}, {}


def _basic(auth: Any) -> _Added:  # noqa: ANN401  the method's model
    pair = f"{auth.username or ''}:{_opened(auth.password)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}, {}


def _api_key(auth: Any) -> _Added:  # noqa: ANN401  the method's model
    key = {auth.name: _opened(auth.api_key)}
    return (key, {}) if auth.location == "header" else ({}, key)


def _opened(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


_METHODS: Final[Mapping[str, Callable[[Any], _Added]]] = {
    "bearer_token": _bearer,
    "password": _basic,
    "api_key": _api_key,
}
