"""A real server over a real registry, on SQLite and on PostgreSQL; every test has a tenant of its own."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import create_app
from kaireon_orch import settings
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.store.database import Database

_NUMBERS = itertools.count(1)
_START_SECONDS = 10


@dataclass(frozen=True)
class Served:
    """A running API: its registry and its address."""

    registry: Registry
    url: str


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The app behind uvicorn on a free port; its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ws="none", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait(server)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _wait(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    given: dict[str, Any] = {"dagster_url": "http://127.0.0.1:9"}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("postgres").database("api_tests")
    chosen = settings.load(tmp_path_factory.mktemp("home"), **given)
    with _opened(chosen) as registry, serving(create_app(registry)) as url:
        yield Served(registry, url)


@contextmanager
def _opened(chosen: settings.Settings) -> Iterator[Registry]:
    database = Database(chosen.registry_url)
    database.migrate()
    database.close()
    registry = Registry.open(chosen)
    yield registry
    registry.close()


class Api(httpx.Client):
    """A client with one key, below `/api/v1`."""

    def __init__(self, url: str, key: str | None, **headers: str) -> None:
        auth = {"X-API-Key": key} if key else {}
        super().__init__(base_url=f"{url}/api/v1", headers={**auth, **headers}, timeout=60)

    def made(self, path: str, **body: Any) -> dict[str, Any]:
        """POST that must succeed; the object."""
        answer = self.post(path, json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@dataclass(frozen=True)
class Tenant:
    """A tenant with a client for each role."""

    name: str
    url: str
    secrets: dict[str, str]
    admin: Api
    editor: Api
    viewer: Api


@pytest.fixture
def new_tenant(served: Served) -> Iterator[Callable[[], Tenant]]:
    opened: list[Api] = []

    def make() -> Tenant:
        name = f"t{next(_NUMBERS)}"
        operator = Caller.operator(name)
        secrets = {
            role: keys.create(served.registry, operator, {"role": role})[1]
            for role in ("admin", "editor", "viewer")
        }
        clients = {role: Api(served.url, key) for role, key in secrets.items()}
        opened.extend(clients.values())
        return Tenant(name, served.url, secrets, **clients)

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def tenant(new_tenant: Callable[[], Tenant]) -> Tenant:
    return new_tenant()


@pytest.fixture
def anonymous(served: Served) -> Iterator[Api]:
    with Api(served.url, None) as client:
        yield client
