"""Secrets come back as masks alone, masks sent back change nothing, and nobody aims a stored secret elsewhere."""

from typing import Any

import pytest

from kaireon_orch_tests.api.conftest import Tenant
from kaireon_orch_tests.api_hardening.bodies import MASK, PASSWORD, POSTGRES, bad, refused

REST: dict[str, Any] = {
    "type": "rest_api",
    "config": {
        "url": "https://carol:canary-userinfo@api.example.com/v1?page=1&api_key=canary-parameter",
        "headers": {"X-Token": "canary-header", "Accept": "text/csv"},
        "note": {"dbPassword": "canary-nested", "list": [{"token": "canary-in-list"}]},
    },
    "authMethod": "bearer_token",
    "authConfig": {"token": "canary-token"},
}
CANARIES = (
    "canary-userinfo",
    "canary-parameter",
    "canary-header",
    "canary-nested",
    "canary-in-list",
    "canary-token",
)


def made(tenant: Tenant, **body: Any) -> dict[str, Any]:
    return tenant.editor.made("/connectors", **{"name": "x", **body})


def masked(tenant: Tenant, record: str) -> dict[str, Any]:
    """The test's own view of the credentials."""
    answer = tenant.admin.post("/connectors/test", json={"id": record}).json()
    assert answer["authConfig"] == answer["connector"]["authConfig"]
    found: dict[str, Any] = answer["authConfig"]
    return found


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("AKIAIOSFODNN7EXAMPLE", f"AK{MASK}LE"),
        ("abcde", f"ab{MASK}de"),
        ("abcd", MASK),
        ("a", MASK),
        ("пароль-ж", f"па{MASK}-ж"),
    ],
)
def test_a_mask_shows_two_characters_at_each_end(tenant: Tenant, secret: str, shown: str) -> None:
    connector = made(
        tenant, **POSTGRES | {"config": {}, "authConfig": {"username": secret, "password": secret}}
    )
    assert masked(tenant, connector["id"]) == {"username": shown, "password": shown}


def test_nothing_shows_a_secret(tenant: Tenant) -> None:
    connector = made(tenant, **REST)
    path = f"/connectors/{connector['id']}"
    texts = [
        str(connector),
        tenant.viewer.get(path).text,
        tenant.viewer.get("/connectors").text,
        tenant.editor.put(path, json={"description": "x"}).text,
        tenant.editor.put(path, json={"config": {"url": 1}}).text,
        tenant.editor.put(path, json={"authConfig": {"token": ["canary-token"]}}).text,
        tenant.editor.post(
            "/connectors/test",
            json={
                "type": "rest_api",
                **{k: REST[k] for k in ("config", "authConfig")},
                "authMethod": "bearer_token",
            },
        ).text,
        tenant.admin.get("/audit-logs?limit=100").text,
    ]
    assert [(canary, text) for text in texts for canary in CANARIES if canary in text] == []
    assert connector["config"]["headers"]["Accept"] == "text/csv"
    assert connector["config"]["url"].startswith("https://ca")
    assert "api.example.com/v1?page=1&api_key=ca" in connector["config"]["url"]


def test_an_object_that_was_read_can_be_sent_back(tenant: Tenant) -> None:
    connector = made(tenant, **REST)
    answer = tenant.editor.put("/connectors", json=connector)
    assert answer.json() == connector
    moved = {"config": {**connector["config"], "url": connector["config"]["url"].replace("api.", "evil.")}}
    path = f"/connectors/{connector['id']}"
    assert refused(tenant.editor.put(path, json=moved), 400, "SECRETS_REQUIRED") == ["config.url"]
    partly = {"config": {"note": {**connector["config"]["note"], "more": 1}}}
    changed = tenant.editor.put(path, json=partly).json()
    assert changed["config"]["note"] == {**connector["config"]["note"], "more": 1}
    assert masked(tenant, connector["id"]) == {"token": f"ca{MASK}en"}


def test_masks_sent_back_keep_credentials(tenant: Tenant) -> None:
    connector = made(tenant, **POSTGRES | {"config": {}})
    before = masked(tenant, connector["id"])
    tenant.editor.put(f"/connectors/{connector['id']}", json={"authConfig": before})
    assert masked(tenant, connector["id"]) == before
    replaced = {"authConfig": {**before, "password": "second-secret"}}
    tenant.editor.put(f"/connectors/{connector['id']}", json=replaced)
    assert masked(tenant, connector["id"]) == before | {"password": f"se{MASK}et"}
    tenant.editor.put(f"/connectors/{connector['id']}", json={"authConfig": {"password": None}})
    assert masked(tenant, connector["id"]) == {"username": before["username"]}


def test_a_mask_of_nothing_is_no_secret(tenant: Tenant) -> None:
    body = POSTGRES | {"authConfig": {"username": "u", "password": f"ab{MASK}cd"}}
    assert bad(tenant.editor.post("/connectors", json={"name": "x", **body})) == ["authConfig.password"]
    connector = made(tenant, **POSTGRES)
    stray = {"authConfig": {"password": f"zz{MASK}zz"}}
    assert bad(tenant.editor.put(f"/connectors/{connector['id']}", json=stray)) == ["authConfig.password"]


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"host": "evil.example.com"}},
        {"config": {"port": 5433}},
        {"connectionConfig": {"host": "evil.example.com"}},
        {"config": {"host": None}},
        {"config": {"host": "evil.example.com"}, "authConfig": {}},
        {"config": {"host": "evil.example.com"}, "authConfig": {"username": "reader"}},
        {"config": {"host": "evil.example.com"}, "authConfig": {"password": f"fi{MASK}ry"}},
        {"config": {"host": "evil.example.com"}, "type": "mysql"},
    ],
)
def test_an_editor_aims_no_stored_secret_elsewhere(tenant: Tenant, change: dict[str, Any]) -> None:
    connector = made(tenant, **POSTGRES)
    path = f"/connectors/{connector['id']}"
    fields = refused(tenant.editor.put(path, json=change), 400, "SECRETS_REQUIRED")
    assert set(fields) <= {"config.host", "config.port"}
    assert tenant.viewer.get(path).json() == connector
    assert tenant.admin.put(path, json=change).status_code == 200
    entries = tenant.admin.get("/audit-logs").json()["data"]
    assert entries[0]["after"]["steered"]
    assert [entry["outcome"] for entry in entries[:2]] == ["done", "refused"]
    assert entries[1]["reason"].startswith("SECRETS_REQUIRED")


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"host": "new.example.com"}, "authConfig": {"password": PASSWORD}},
        {"config": {"host": "new.example.com"}, "authConfig": {"password": None}},
        {"config": {"host": POSTGRES["config"]["host"], "database": "other"}},
        {"type": "mysql"},
    ],
)
def test_what_an_editor_may_all_the_same(tenant: Tenant, change: dict[str, Any]) -> None:
    connector = made(tenant, **POSTGRES)
    assert tenant.editor.put(f"/connectors/{connector['id']}", json=change).status_code == 200


def test_without_stored_secrets_there_is_nothing_to_protect(tenant: Tenant) -> None:
    connector = made(tenant, **POSTGRES | {"authConfig": {"username": "reader"}})
    change = {"config": {"host": "new.example.com", "port": 1}}
    assert tenant.editor.put(f"/connectors/{connector['id']}", json=change).status_code == 200


def test_references_over_rest_are_literals(tenant: Tenant) -> None:
    connector = made(tenant, **POSTGRES | {"config": {"host": "${env:HOME}", "port": 1, "database": "d"}})
    assert connector["config"]["host"] == "${env:HOME}"
