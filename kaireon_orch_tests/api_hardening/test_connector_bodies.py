"""What a connector's body may say: merged aliases, nulls, unknown keys, what the server owns, type changes."""

import json
from typing import Any

import pytest

from api.bodies import LIMIT_BYTES
from kaireon_orch_tests.api.conftest import Tenant
from kaireon_orch_tests.api_hardening.bodies import POSTGRES, bad, refused


def made(tenant: Tenant, name: str = "shop", **changes: Any) -> dict[str, Any]:
    return tenant.editor.made("/connectors", **{"name": name, **POSTGRES, **changes})


def test_the_alias_is_merged_deeply_and_config_wins(tenant: Tenant) -> None:
    alias = {"host": "alias", "port": 1, "extra": {"a": 1, "b": {"x": 1, "y": 1}}}
    config = {"host": "config", "extra": {"b": {"y": 2}, "c": [3]}}
    shown = made(tenant, connectionConfig=alias, config=config)
    assert shown["config"] == {
        "host": "config",
        "port": 1,
        "extra": {"a": 1, "b": {"x": 1, "y": 2}, "c": [3]},
    }
    assert "connectionConfig" not in shown
    path = f"/connectors/{shown['id']}"
    body = {"connectionConfig": {"schema": "alias", "sslMode": "require"}, "config": {"schema": "config"}}
    changed = tenant.editor.put(path, json=body).json()["config"]
    assert (changed["schema"], changed["sslMode"]) == ("config", "require")


def test_unknown_keys_come_back_as_they_were_sent(tenant: Tenant) -> None:
    odd = {
        "nested": {"null": None, "list": [1, None, {"deep": True}]},
        "big": 10**30,
        "nothing": None,
        "ключ": "ж",
    }
    shown = made(tenant, config={**POSTGRES["config"], **odd})
    assert {name: shown["config"][name] for name in odd} == odd
    assert {entry["field"] for entry in shown["unknownFields"]} == {f"config.{name}" for name in odd}
    assert tenant.viewer.get(f"/connectors/{shown['id']}").json() == shown


def test_a_known_field_that_is_null_is_not_given(tenant: Tenant) -> None:
    shown = made(tenant, config={**POSTGRES["config"], "port": None})
    assert shown["missingFields"] == ["port"]
    assert "port" not in shown["config"]


@pytest.mark.parametrize("field", ["config", "connectionConfig", "authConfig"])
@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_objects_are_objects(tenant: Tenant, field: str, value: Any) -> None:
    assert bad(tenant.editor.post("/connectors", json={"name": "x", **POSTGRES, field: value})) == [field]
    shown = made(tenant)
    assert bad(tenant.editor.put("/connectors", json={"id": shown["id"], field: value})) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "a\nb"),
        ("name", "a\x7fb"),
        ("name", 1),
        ("name", None),
        ("description", "x" * 2001),
        ("description", 1),
        ("authMethod", None),
        ("authMethod", "magic"),
        ("type", None),
        ("type", "PostgreSQL"),
    ],
)
def test_fields_keep_their_bounds_on_both_verbs(tenant: Tenant, field: str, value: Any) -> None:
    assert bad(tenant.editor.post("/connectors", json={"name": "x", **POSTGRES, field: value})) == [field]
    shown = made(tenant)
    assert bad(tenant.editor.put(f"/connectors/{shown['id']}", json={field: value})) == [field]
    assert tenant.viewer.get(f"/connectors/{shown['id']}").json() == shown


@pytest.mark.parametrize("port", ["5432", 0, -1, 65536, 5432.5, True, 10**30, [5432]])
def test_a_port_is_a_port(tenant: Tenant, port: Any) -> None:
    body = {"name": "x", **POSTGRES, "config": {**POSTGRES["config"], "port": port}}
    assert bad(tenant.editor.post("/connectors", json=body))[0].startswith("config.port")


def test_names_are_trimmed_and_compared_exactly(tenant: Tenant) -> None:
    assert made(tenant, "  shop  ")["name"] == "shop"
    assert refused(tenant.editor.post("/connectors", json={"name": "shop ", **POSTGRES}), 409, "NAME_TAKEN")
    assert made(tenant, "Shop")["name"] == "Shop"
    assert made(tenant, "x" * 200)["name"] == "x" * 200


OWNED = {
    "id": "conn_x",
    "status": "active",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
    "lastTestedAt": "2026-01-01T00:00:00.000Z",
    "lastError": "x",
    "lastSyncRowCount": 1,
    "lastSyncAt": "2026-01-01T00:00:00.000Z",
    "missingFields": ["x"],
    "unknownFields": [],
}


@pytest.mark.parametrize("field", OWNED)
def test_a_creation_says_nothing_that_the_server_owns(tenant: Tenant, field: str) -> None:
    body = {"name": "x", **POSTGRES, field: OWNED[field]}
    assert bad(tenant.editor.post("/connectors", json=body)) == [field]


@pytest.mark.parametrize("field", [name for name in OWNED if name not in {"id", "status", "unknownFields"}])
def test_a_change_may_repeat_what_the_server_owns(tenant: Tenant, field: str) -> None:
    shown = made(tenant)
    path = f"/connectors/{shown['id']}"
    assert tenant.editor.put(path, json={field: shown[field]}).json() == shown
    assert bad(tenant.editor.put(path, json={field: OWNED[field]})) == [field]


def test_a_stale_object_is_refused(tenant: Tenant) -> None:
    shown = made(tenant)
    tenant.editor.put("/connectors", json={"id": shown["id"], "description": "new"})
    assert bad(tenant.editor.put("/connectors", json=shown)) == ["updatedAt"]


def test_statuses_that_a_client_sets(tenant: Tenant) -> None:
    path = f"/connectors/{made(tenant)['id']}"
    for status in ("active", "inactive", "error", "disabled"):
        assert tenant.editor.put(path, json={"status": status}).json()["status"] == status
    for odd in ("broken", "", None, 1, "ACTIVE"):
        assert bad(tenant.editor.put(path, json={"status": odd})) == ["status"]


def test_a_change_of_nothing_changes_nothing(tenant: Tenant) -> None:
    shown = made(tenant)
    answer = tenant.editor.put(f"/connectors/{shown['id']}", json={"name": "shop", "config": {}})
    assert answer.json() == shown
    assert answer.headers["etag"] == tenant.viewer.get(f"/connectors/{shown['id']}").headers["etag"]


def test_another_type_keeps_what_it_knows(tenant: Tenant) -> None:
    shown = made(tenant, config={**POSTGRES["config"], "applicationName": "kept by nobody", "schema": "eu"})
    changed = tenant.editor.put(f"/connectors/{shown['id']}", json={"type": "mysql"}).json()
    assert (changed["type"], changed["authMethod"]) == ("mysql", "password")
    assert {name: changed["config"][name] for name in POSTGRES["config"]} == POSTGRES["config"]
    masked = tenant.editor.post("/connectors/test", json={"id": shown["id"]}).json()["authConfig"]
    assert set(masked) == {"username", "password"}
    assert bad(tenant.editor.put(f"/connectors/{shown['id']}", json={"type": "mysequel"})) == ["type"]


def test_either_or_is_one_entry(tenant: Tenant) -> None:
    mongo = tenant.editor.made("/connectors", name="m", type="mongodb")
    assert mongo["missingFields"] == ["host|connectionString"]
    whole = {"config": {"connectionString": "mongodb://u:hunter2222@db.example.com/x"}}
    assert tenant.editor.put(f"/connectors/{mongo['id']}", json=whole).json()["missingFields"] == []


def test_strict_refuses_unknown_keys_of_both_objects(tenant: Tenant) -> None:
    body = {"name": "x", **POSTGRES}
    body |= {"config": {**POSTGRES["config"], "hots": 1}, "authConfig": {"username": "u", "passwrod": "p"}}
    assert sorted(bad(tenant.editor.post("/connectors?strict=true", json=body))) == [
        "authConfig.passwrod",
        "config.hots",
    ]
    shown = tenant.editor.post("/connectors", json=body).json()
    assert shown["unknownFields"] == [
        {"field": "config.hots", "nearest": "host"},
        {"field": "authConfig.passwrod", "nearest": "password"},
    ]


def test_the_body_may_be_as_large_as_it_may(tenant: Tenant) -> None:
    def sized(length: int) -> bytes:
        bare = json.dumps({"name": f"b{length}", "type": "csv", "config": {"note": ""}})
        return bare.replace('"note": ""', f'"note": "{"x" * (length - len(bare))}"').encode()

    assert tenant.editor.post("/connectors", content=sized(LIMIT_BYTES)).status_code == 201
    assert (
        refused(tenant.editor.post("/connectors", content=sized(LIMIT_BYTES + 1)), 413, "PAYLOAD_TOO_LARGE")
        == []
    )
    stream = (part for part in [b" " * 1024] * 1025)
    assert tenant.editor.post("/connectors", content=stream).status_code == 413
