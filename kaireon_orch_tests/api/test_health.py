"""Readiness when the registry is not what it should be, and quick answers while others wait."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from api.slow import SLOTS, Slow, SlowLane
from kaireon_orch import settings
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.store.database import Database
from kaireon_orch_tests.api.conftest import serving
from kaireon_orch_tests.servers.postgres import PostgresServer


def test_health_needs_no_key(tmp_path: Path) -> None:
    registry = Registry.open(settings.load(tmp_path))
    with serving(create_app(registry, closes=True)) as url:
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        assert httpx.get(f"{url}/readyz").json() == {"status": "ready"}


def test_another_schema_is_not_ready(tmp_path: Path) -> None:
    registry = Registry.open(settings.load(tmp_path))
    with registry.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    with serving(create_app(registry, closes=True)) as url:
        answer = httpx.get(f"{url}/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert "newer" in answer.json()["error"]["message"]


def test_a_registry_out_of_reach_is_503_and_the_process_lives(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    address = postgres.database("api_gone")
    database = Database(address)
    database.migrate()
    database.close()
    registry = Registry.open(settings.load(tmp_path, database_url=address))
    _, key = keys.create(registry, Caller.operator("default"), {"role": "viewer"})
    with serving(create_app(registry, closes=True)) as url:
        with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE api_gone WITH (FORCE)")
        for path in ("/readyz", "/api/v1/connectors"):
            answer = httpx.get(f"{url}{path}", headers={"X-API-Key": key})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
            assert int(answer.headers["retry-after"]) >= 1
            assert postgres.password not in answer.text
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_waiting_calls_leave_the_other_routes_quick() -> None:
    app, go, entered = FastAPI(openapi_url=None), threading.Event(), threading.Semaphore(0)
    app.state.slow = SlowLane()

    def wait() -> bool:
        entered.release()
        return go.wait(60)

    @app.get("/waits")
    async def waits(slow: Slow) -> bool:
        return await slow.run(wait)

    @app.get("/quick")
    def quick() -> str:
        return "here"

    with serving(app) as url, ThreadPoolExecutor(2 * SLOTS) as pool:
        waiting = [pool.submit(httpx.get, f"{url}/waits", timeout=90) for _ in range(2 * SLOTS)]
        assert all(entered.acquire(timeout=30) for _ in range(SLOTS))
        assert not entered.acquire(timeout=0.5)
        assert httpx.get(f"{url}/quick", timeout=10).json() == "here"
        assert not any(call.done() for call in waiting)
        go.set()
        assert all(call.result().json() is True for call in waiting)
