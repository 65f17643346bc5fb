"""The outermost layer: every answer has a request id, and no failure leaves as anything but the envelope."""

import logging
import re
import secrets
import time
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.metrics import Meter
from kaireon_orch.errors import InvalidInput, KaireonError

logger = logging.getLogger("kaireon.api")
requests = logging.getLogger("kaireon.request")

# Long enough for every tracing scheme in use, short enough for a log line and the audit's column.
LONGEST_PATH = 300
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,63}")


class Edge:
    """ASGI middleware. `scope["state"]["answer_headers"]` is a dict that any layer below may fill."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._meter, scope, send).run(receive)


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: ASGIApp, meter: Meter, scope: Scope, send: Send) -> None:
        self._app = app
        self._meter = meter
        self._scope = scope
        self._send = send
        self._status = 0
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = _request_id(Headers(scope=scope).get("x-request-id"))
        self._state["answer_headers"] = {}

    async def run(self, receive: Receive) -> None:
        began = time.monotonic()
        try:
            await self._serve(receive)
        finally:
            self._tell(time.monotonic() - began)

    def _tell(self, seconds: float) -> None:
        """The request's figures, and its line in the log: no query, no header, no body."""
        method, route = self._scope["method"], _template(self._scope)
        self._meter.count(method, route, self._status, seconds)
        if requests.isEnabledFor(logging.INFO):
            path = self._scope.get("raw_path", b"").partition(b"?")[0].decode("ascii", "replace")
            told = {
                "requestId": self._state["request_id"],
                "tenant": self._state.get("tenant"),
                "method": method,
                "path": path[:LONGEST_PATH],
                "route": route,
                "status": self._status,
                "durationMs": round(seconds * 1000, 1),
            }
            requests.info("request", extra=told)

    async def _serve(self, receive: Receive) -> None:
        try:
            _refuse_nul(self._scope)
            await self._app(self._scope, receive, self._on_message)
        except ClientDisconnect:
            logger.info("the client left before its request was whole, request %s", self._state["request_id"])
        except InvalidInput as error:
            await problems.answer(self._state["request_id"], error)(self._scope, receive, self._on_message)
        except Exception as error:  # noqa: BLE001  the last handler there is
            _log(error, self._scope)
            if self._status:
                raise RuntimeError("an answer broke off; the log has the cause") from None
            await problems.internal(self._state["request_id"])(self._scope, receive, self._on_message)

    async def _on_message(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._state["request_id"]
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
            headers.update(self._state["answer_headers"])
        await self._send(message)


def _request_id(given: str | None) -> str:
    if given is not None and _SANE_ID.fullmatch(given):
        return given
    return f"req_{secrets.token_hex(12)}"


def _refuse_nul(scope: Scope) -> None:
    """PostgreSQL stores no NUL, so none may get as far as a query's parameters."""
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise InvalidInput("a path or query cannot hold a NUL character")


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path_format", None) or "unmatched")


def _log(error: Exception, scope: Scope) -> None:
    """Where it happened and what class it was; never the exception's words, which may quote a secret."""
    name = error.code if isinstance(error, KaireonError) else type(error).__qualname__
    frames = "".join(traceback.format_tb(error.__traceback__))
    place = f"{scope['method']} {_template(scope)}"
    logger.error("%s in %s, request %s\n%s", name, place, scope["state"]["request_id"], frames)
