"""The demo's calls of the REST API."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Self

import httpx

from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from types import TracebackType

CALL_SECONDS = 60.0
TRIES = 3
SERVICE_UNAVAILABLE = 503


class DemoFailed(KaireonError):
    """The demo cannot go on; says why."""

    code = "DEMO_FAILED"


class Client:
    """One API key's view of `<api>/api/v1`."""

    def __init__(self, api: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=f"{api}/api/v1", headers={"X-API-Key": key}, timeout=CALL_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def named(self, path: str, name: str) -> dict[str, Any] | None:
        """The record of exactly that name in a list, None where there is none."""
        found = self._call("GET", path, params={"q": name, "limit": 100})["data"]
        return next((record for record in found if record["name"] == name), None)

    def get(self, path: str) -> dict[str, Any]:
        """One record."""
        return self._call("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What was made or done."""
        return self._call("POST", path, json=body)

    def start(self, path: str, patience: float) -> dict[str, Any]:
        """Start what `path` names, once however often it has to be asked; waits out a 503 for `patience` seconds."""
        give_up = time.monotonic() + patience
        once = {"Idempotency-Key": str(uuid.uuid4())}
        while True:
            response = self._send("POST", path, json={}, headers=once)
            if response.status_code != SERVICE_UNAVAILABLE or time.monotonic() > give_up:
                return _answer(response)
            time.sleep(0.5)

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's options
        return _answer(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx's options
        """Send it; again after a lost answer where that cannot do anything twice."""
        tries = TRIES if method == "GET" or "headers" in options else 1
        for _ in range(tries):
            try:
                return self._http.request(method, path, **options)
            except httpx.ConnectError:
                break
            except httpx.TransportError:
                continue
        place = self._http.base_url.copy_with(path="/")
        raise DemoFailed(f"Nothing answers at {place}: start the servers with `kaireon up` first.")


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.is_success:
        found: dict[str, Any] = response.json()
        return found
    raise DemoFailed(f"{response.request.method} {response.request.url.path}: {_complaint(response)}")


def _complaint(response: httpx.Response) -> str:
    try:
        error = response.json()["error"]
        details = "; ".join(
            f"{detail['field']}: {detail['message']}" for detail in error.get("details") or ()
        )
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
    return f"{error['code']}: {error['message']}" + (f" ({details})" if details else "")
