"""The test's limit and breaker over HTTP."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from kaireon_orch import settings
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch_tests.api.conftest import Api, Tenant, serving
from kaireon_orch_tests.api_hardening.bodies import refused

CALLS: list[tuple[bytes, str, int]] = [
    (b"{}", "application/json", 400),
    (b"{", "application/json", 400),
    (b"{}", "text/plain", 415),
    (b" " * 1_048_577, "application/json", 413),
    (b'{"id": "conn_x"}', "application/json", 404),
    (b'{"type": "postgresql"}', "application/json", 200),
    (b'{"type": "nope"}', "application/json", 400),
]


def remaining(answer: httpx.Response) -> int:
    """What is left, after a look at the form of all five fields."""
    headers = answer.headers
    assert headers["ratelimit-policy"] == '"default";q=100;w=60'
    left, reset = int(headers["ratelimit-remaining"]), int(headers["ratelimit-reset"])
    assert headers["ratelimit"] == f'"default";r={left};t={reset}'
    assert headers["ratelimit-limit"] == "100"
    assert 0 <= reset <= 60
    return left


@pytest.mark.parametrize(("content", "media", "status"), CALLS)
def test_every_call_past_the_role_counts(tenant: Tenant, content: bytes, media: str, status: int) -> None:
    for left in (99, 98):
        answer = tenant.editor.post("/connectors/test", content=content, headers={"Content-Type": media})
        assert (answer.status_code, remaining(answer)) == (status, left)


def test_refusals_do_not_count_and_tell(tenant: Tenant, anonymous: Api) -> None:
    strange = {"X-Tenant-Id": "other"}
    for client, headers in ((tenant.viewer, {}), (tenant.viewer, strange), (tenant.editor, strange)):
        answer = client.post("/connectors/test", json={}, headers=headers)
        assert (answer.status_code, remaining(answer)) == (403, 100)
    assert anonymous.post("/connectors/test", json={}).status_code == 401
    assert remaining(tenant.editor.post("/connectors/test", json={})) == 99


def test_tenants_have_windows_of_their_own(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    assert remaining(tenant.editor.post("/connectors/test", json={})) == 99
    assert remaining(tenant.admin.post("/connectors/test", json={})) == 98
    assert remaining(new_tenant().editor.post("/connectors/test", json={})) == 99


@contextmanager
def alone(home: Path, **given: Any) -> Iterator[Api]:
    """An editor's client of a server of its own."""
    registry = Registry.open(settings.load(home, **given))
    _, key = keys.create(registry, Caller.operator("default"), {"role": "editor"})
    with serving(create_app(registry, closes=True)) as url, Api(url, key) as client:
        yield client


def test_the_window_slides_and_outlives_the_process(tmp_path: Path) -> None:
    def call(client: Api) -> int:
        return client.post("/connectors/test", json={}).status_code

    with alone(tmp_path, test_rate_limit="3/3") as client:
        assert [call(client), call(client)] == [400, 400]
        time.sleep(1.5)
    with alone(tmp_path, test_rate_limit="3/3") as client:
        assert [call(client), call(client)] == [400, 429]
        full = client.post("/connectors/test", json={})
        wait = int(full.headers["retry-after"])
        assert (full.headers["ratelimit-remaining"], 1 <= wait <= 3) == ("0", True)
        time.sleep(wait)
        assert [call(client), call(client), call(client)] == [400, 400, 429]


def test_drafts_are_limited_per_host(tenant: Tenant) -> None:
    def draft(host: str) -> httpx.Response:
        config = {"host": host, "port": 9, "database": "d"}
        return tenant.editor.post("/connectors/test", json={"type": "mysql", "config": config})

    answers = [draft("Blocked.Internal.") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert refused(answers[-1], 429, "RATE_LIMITED") == []
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert remaining(answers[-1]) == 89
    assert draft("other.internal").status_code == 200


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_breaker_opens_tries_once_and_closes(tmp_path: Path, closed_port: int) -> None:
    given = {"breaker_failures": 3, "breaker_reset_seconds": 2, "egress_allow": ("127.0.0.1",)}
    config = {"host": "127.0.0.1", "port": closed_port, "database": "d"}
    with alone(tmp_path, **given) as client:
        record = client.made("/connectors", name="x", type="postgresql", config=config)["id"]

        def code() -> str:
            answer = client.post("/connectors/test", json={"id": record})
            assert answer.status_code == 200
            return str(answer.json()["code"])

        assert [code() for _ in range(4)] == ["REFUSED"] * 3 + ["BREAKER_OPEN"]
        rests = client.post("/connectors/test", json={"id": record}).json()
        assert (rests["success"], rests["status"]) == (False, "error")
        assert re.search(r"in [12] s, at \d{4}-\d\d-\d\dT[\d:.]+Z", rests["message"])
        time.sleep(2.1)
        assert [code(), code()] == ["REFUSED", "BREAKER_OPEN"]
        client.put(f"/connectors/{record}", json={"description": "does not close it"})
        assert code() == "BREAKER_OPEN"
        client.put(f"/connectors/{record}", json={"config": {"schema": "closes it"}})
        assert [code() for _ in range(4)] == ["REFUSED"] * 3 + ["BREAKER_OPEN"]
        client.put(f"/connectors/{record}", json={"authConfig": {"username": "closes it"}})
        assert code() == "REFUSED"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"host": "h"}, "MISSING_FIELDS"),
        ({"host": "169.254.169.254", "port": 80, "database": "d"}, "ADDRESS_BLOCKED"),
    ],
)
def test_what_says_nothing_about_the_peer_opens_no_breaker(
    tenant: Tenant, config: dict[str, Any], code: str
) -> None:
    record = tenant.editor.made("/connectors", name="x", type="postgresql", config=config)["id"]
    answers = [tenant.editor.post("/connectors/test", json={"id": record}).json() for _ in range(7)]
    assert {answer["code"] for answer in answers} == {code}
    assert all(set(answer["checks"][-1]) == {"name", "ok", "message", "latencyMs"} for answer in answers)
    shown = tenant.viewer.get(f"/connectors/{record}").json()
    assert (shown["status"], shown["lastError"]) == ("error", answers[-1]["message"])
    assert shown["lastTestedAt"] is not None


def test_a_disabled_connector_stays_disabled(tenant: Tenant) -> None:
    record = tenant.editor.made("/connectors", name="x", type="braze")["id"]
    tenant.editor.put(f"/connectors/{record}", json={"status": "disabled"})
    result = tenant.editor.post("/connectors/test", json={"id": record}).json()
    assert (result["success"], result["status"], result["connector"]["status"]) == (
        False,
        "error",
        "disabled",
    )


@pytest.mark.parametrize("type_", ["braze", "postgresql"])
def test_the_answer_has_the_contracts_fields(tenant: Tenant, type_: str) -> None:
    draft = tenant.editor.post("/connectors/test", json={"type": type_}).json()
    assert set(draft) == {
        "success", "status", "message", "code", "latencyMs", "checks", "connector", "authConfig"
    }  # fmt: skip
    assert (draft["connector"], draft["authConfig"]) == (None, {})
