"""The app: `create_app` over an open registry, `from_environment` for a server that starts by name."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI

from api import documents, health, openapi, problems, tracing
from api.edge import Edge
from api.metrics import Meter
from api.routes import api_keys, audit_logs, connector_types, connectors, encryption, pipelines, runs
from api.slow import SlowLane
from kaireon_orch import settings
from kaireon_orch.control.registry import Registry
from kaireon_orch.network import template
from kaireon_orch.network.child import GuardMode, guard_mode, guard_words

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

LOG = logging.getLogger(__name__)

_ABOUT = (
    "A connector control plane for Dagster. Send an API key as X-API-Key or as Authorization: Bearer; "
    "the key decides the tenant and the role."
)


def create_app(registry: Registry, *, closes: bool = False) -> FastAPI:
    """The API over `registry`; with `closes` it closes the registry when the server stops."""
    traces = tracing.provider()
    app = FastAPI(
        title="Kaireon Orch",
        version=version("kaireon-orch"),
        description=_ABOUT,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=partial(_lifespan, traces=traces) if closes else None,
    )
    app.state.registry = registry
    app.state.meter = Meter(registry)
    app.state.slow = SlowLane()
    app.state.allowed = openapi.Allowed(app)
    app.openapi = cache(partial(openapi.document, app))  # type: ignore[method-assign]  # FastAPI's own way
    if traces is not None:
        app.add_middleware(tracing.Tracing, provider=traces)
    app.add_middleware(Edge, meter=app.state.meter)
    problems.install(app)
    _include(app)
    return app


def from_environment() -> FastAPI:
    """For `uvicorn --factory api.app:from_environment`: settings from the environment, registry opened and owned."""
    return create_app(Registry.open(settings.load()), closes=True)


def _include(app: FastAPI) -> None:
    for module in (connectors, connector_types, pipelines, runs, api_keys, audit_logs, encryption, health):
        app.include_router(module.router)
    if app.state.registry.settings.serves_docs:
        app.include_router(documents.router)


@asynccontextmanager
async def _lifespan(app: FastAPI, traces: "TracerProvider | None") -> AsyncIterator[None]:
    await to_thread.run_sync(_say_guard)
    with template.kept():
        yield
    app.state.registry.close()
    if traces is not None:
        await to_thread.run_sync(traces.shutdown)


def _say_guard() -> None:
    """Finding it out starts a child, which takes some tenths of a second."""
    level = logging.INFO if guard_mode() is GuardMode.KERNEL else logging.WARNING
    LOG.log(level, guard_words())
