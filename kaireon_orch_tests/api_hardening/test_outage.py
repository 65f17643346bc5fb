"""The registry's server goes away and comes back, under an API that stays."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from kaireon_orch_tests.api.conftest import Api
from kaireon_orch_tests.api_hardening import processes
from kaireon_orch_tests.api_hardening.bodies import refused
from kaireon_orch_tests.api_hardening.stoppable import stoppable
from kaireon_orch_tests.servers.postgres import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path


def unavailable(answer: httpx.Response) -> None:
    assert refused(answer, 503, "UNAVAILABLE") == []
    assert int(answer.headers["retry-after"]) >= 1
    assert PASSWORD not in answer.text


def test_an_outage_is_503_and_heals_by_itself(tmp_path: Path) -> None:
    with stoppable() as database:
        url = database.server.database("outage")
        registry = processes.prepared(tmp_path, url)
        key = processes.key_of(registry, "admin")
        registry.close()
        with processes.running(tmp_path, KAIREON_DATABASE_URL=url) as api, Api(api.url, key) as client:
            record = client.made("/connectors", name="before", type="csv")["id"]
            database.stop()
            paths = ("/connectors", f"/connectors/{record}", "/api-keys", "/audit-logs") * 4
            with ThreadPoolExecutor(8) as pool:
                for answer in pool.map(client.get, paths):
                    unavailable(answer)
            unavailable(client.post("/connectors", json={"name": "x", "type": "csv"}))
            unavailable(client.post("/connectors/test", json={"id": record}))
            unavailable(httpx.get(f"{api.url}/readyz"))
            assert httpx.get(f"{api.url}/healthz").status_code == 200
            metrics = httpx.get(f"{api.url}/metrics", timeout=30).text
            assert "kaireon_registry_up 0.0" in metrics
            database.start()
            processes.wait_ready(api, 10)
            assert client.get(f"/connectors/{record}").json()["name"] == "before"
            client.made("/connectors", name="x", type="csv")
            assert client.get("/audit-logs/verify").json()["intact"] is True
            assert "Traceback" not in api.log.read_text()


def test_connections_that_died_are_noticed_before_they_are_used(tmp_path: Path) -> None:
    with stoppable() as database:
        url = database.server.database("restart")
        registry = processes.prepared(tmp_path, url)
        key = processes.key_of(registry, "viewer")
        registry.close()
        with processes.running(tmp_path, KAIREON_DATABASE_URL=url) as api, Api(api.url, key) as client:
            assert client.get("/connectors").status_code == 200
            database.stop()
            database.start()
            began = time.monotonic()
            assert client.get("/connectors").status_code == 200
            assert time.monotonic() - began < 5
