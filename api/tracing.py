"""OpenTelemetry traces, where the operator names an exporter (`OTEL_EXPORTER_OTLP_ENDPOINT`); off otherwise.

One span a request: method, route template, status, tenant and request id; never a path, a query, a header or a body.
The extra `otel` brings the SDK; exporter, sampling and resource are set by OpenTelemetry's own variables.
"""

import logging
import os
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

logger = logging.getLogger("kaireon.api")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "kaireon-orch"
SERVER_ERROR = 500


def provider() -> "TracerProvider | None":
    """What makes spans and sends them in batches; None where no exporter is named, or its extra is not installed."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    try:
        # An extra: who does not trace neither installs nor loads it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning(
            "an OpenTelemetry exporter is named, but not installed: pip install 'kaireon-orch[otel]'"
        )
        return None
    named = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
    made = TracerProvider(resource=Resource.create({"service.name": named}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


class Tracing:
    """ASGI middleware below `Edge`, which has made the request id."""

    def __init__(self, app: ASGIApp, provider: "TracerProvider") -> None:
        from opentelemetry import propagate, trace  # noqa: PLC0415  see above

        self._app = app
        self._tracer = provider.get_tracer("kaireon.api")
        self._parent = propagate.extract
        self._server = trace.SpanKind.SERVER
        self._error = trace.Status(trace.StatusCode.ERROR)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = SERVER_ERROR  # of an exception, which `Edge` answers

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = self._parent(dict(Headers(scope=scope)))
        with self._tracer.start_as_current_span(
            scope["method"], parent, self._server, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                await self._app(scope, receive, watch)
            finally:
                self._tell(span, scope, status)

    def _tell(self, span: "Span", scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path_format", None)
        state = scope["state"]
        told: dict[str, Any] = {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": status,
            "kaireon.tenant": state.get("tenant"),
            "kaireon.request_id": state.get("request_id"),
        }
        span.set_attributes({name: value for name, value in told.items() if value is not None})
        if route is not None:
            span.update_name(f"{scope['method']} {route}")
        if status >= SERVER_ERROR:
            span.set_status(self._error)
