"""Connectors over HTTP: the page's calls, the forms by id, conditions, pages, other tenants."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kaireon_orch import catalogue
from kaireon_orch_tests.api.conftest import Tenant

PASSWORD = "s3cret-canary"
POSTGRES: dict[str, Any] = {
    "type": "postgresql",
    "config": {"host": "db.example.com", "port": 5432, "database": "shop"},
    "authMethod": "password",
    "authConfig": {"username": "reader", "password": PASSWORD},
}
FIELDS = {
    "id",
    "name",
    "resourceKey",
    "type",
    "description",
    "config",
    "authMethod",
    "status",
    "lastTestedAt",
    "lastError",
    "lastSyncRowCount",
    "lastSyncAt",
    "missingFields",
    "unknownFields",
    "createdAt",
    "updatedAt",
}


def made(tenant: Tenant, name: str = "shop", **changes: Any) -> dict[str, Any]:
    return tenant.editor.made("/connectors", **{"name": name, **POSTGRES, **changes})


def problem(answer: httpx.Response, status: int, code: str) -> list[str]:
    """The fields that the envelope names."""
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    return [detail["field"] for detail in answer.json()["error"]["details"]]


def test_a_connector_is_made_and_shown(tenant: Tenant) -> None:
    answer = tenant.editor.post("/connectors", json={"name": "shop", **POSTGRES})
    assert answer.status_code == 201
    connector = answer.json()
    assert set(connector) == FIELDS
    assert connector["id"].startswith("conn_")
    assert (connector["status"], connector["missingFields"]) == ("inactive", [])
    assert answer.headers["location"] == f"/api/v1/connectors/{connector['id']}"
    shown = tenant.viewer.get(f"/connectors/{connector['id']}")
    assert shown.json() == connector
    assert shown.headers["etag"] == answer.headers["etag"]
    assert tenant.viewer.get("/connectors").json()["data"] == [connector]


def test_credentials_come_back_nowhere(tenant: Tenant) -> None:
    connector = made(tenant)
    path = f"/connectors/{connector['id']}"
    texts = [
        tenant.viewer.get(path).text,
        tenant.viewer.get("/connectors").text,
        tenant.editor.put(path, json={"authConfig": {"password": PASSWORD + "2"}}).text,
        tenant.admin.get("/audit-logs").text,
    ]
    assert not [text for text in texts if PASSWORD in text or "authConfig" in text]


def test_a_change_is_a_merge_patch_with_the_id_in_body_or_path(tenant: Tenant) -> None:
    connector = made(tenant)
    by_body = tenant.editor.put("/connectors", json={"id": connector["id"], "description": "orders"})
    assert by_body.status_code == 200
    assert by_body.json()["description"] == "orders"
    path = f"/connectors/{connector['id']}"
    by_path = tenant.editor.put(path, json={"id": connector["id"], "config": {"schema": "eu"}})
    assert by_path.json()["config"] == {**POSTGRES["config"], "schema": "eu"}
    cleared = tenant.editor.put(path, json={"config": {"schema": None}, "description": None})
    assert cleared.json()["config"] == POSTGRES["config"]
    assert cleared.json()["description"] is None


def test_a_fetched_object_can_be_sent_back(tenant: Tenant) -> None:
    connector = made(tenant)
    answer = tenant.editor.put("/connectors", json=connector)
    assert answer.status_code == 200, answer.text
    assert answer.json()["config"] == connector["config"]


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"id": 7}, {"id": None}, {"id": ""}])
def test_a_change_without_an_id_is_refused(tenant: Tenant, body: dict[str, Any]) -> None:
    assert problem(tenant.editor.put("/connectors", json=body), 400, "BAD_REQUEST") == ["id"]


def test_two_ids_are_refused(tenant: Tenant) -> None:
    first, second = made(tenant, "first"), made(tenant, "second")
    answer = tenant.editor.put(f"/connectors/{first['id']}", json={"id": second["id"], "name": "third"})
    assert problem(answer, 400, "BAD_REQUEST") == ["id"]


def test_if_match_guards_changes_and_deletions(tenant: Tenant) -> None:
    connector = made(tenant)
    path = f"/connectors/{connector['id']}"
    old = tenant.viewer.get(path).headers["etag"]
    changed = tenant.editor.put(path, json={"description": "new"}, headers={"If-Match": old})
    assert changed.status_code == 200
    assert changed.headers["etag"] != old
    stale = {"If-Match": old}
    problem(tenant.editor.put(path, json={"description": "x"}, headers=stale), 412, "STALE")
    problem(tenant.editor.delete(path, headers=stale), 412, "STALE")
    problem(tenant.editor.delete(f"/connectors?id={connector['id']}", headers=stale), 412, "STALE")
    assert tenant.viewer.get(path).json()["description"] == "new"
    fresh = {"If-Match": changed.headers["etag"]}
    assert tenant.editor.delete(path, headers=fresh).status_code == 204


def test_deletion_by_query_and_by_path(tenant: Tenant) -> None:
    first, second = made(tenant, "first"), made(tenant, "second")
    gone = tenant.editor.delete(f"/connectors?id={first['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert tenant.editor.delete(f"/connectors/{second['id']}").status_code == 204
    problem(tenant.editor.delete(f"/connectors/{second['id']}"), 404, "NOT_FOUND")
    assert problem(tenant.editor.delete("/connectors"), 400, "BAD_REQUEST") == ["id"]
    assert tenant.viewer.get("/connectors").json()["pagination"]["total"] == 0


def test_names_are_taken_once(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    made(tenant)
    answer = tenant.editor.post("/connectors", json={"name": "shop", **POSTGRES})
    problem(answer, 409, "NAME_TAKEN")
    made(new_tenant())


def test_every_field_at_fault_is_named(tenant: Tenant) -> None:
    body = {"nmae": "x", "type": "postgresql", "config": {"port": "5432"}, "status": "active"}
    fields = problem(tenant.editor.post("/connectors", json=body), 400, "BAD_REQUEST")
    assert {"name", "nmae", "status"} <= set(fields)
    body = {"name": "x", "type": "postgresql", "config": {"port": "5432", "host": 1}}
    fields = problem(tenant.editor.post("/connectors", json=body), 400, "BAD_REQUEST")
    assert set(fields) == {"config.port", "config.host"}


def test_an_unknown_type_names_the_nearest(tenant: Tenant) -> None:
    answer = tenant.editor.post("/connectors", json={"name": "x", "type": "postgres"})
    problem(answer, 400, "BAD_REQUEST")
    assert "postgresql" in answer.text


def test_unknown_config_keys_are_kept_unless_strict(tenant: Tenant) -> None:
    config = {**POSTGRES["config"], "hots": "x"}
    connector = made(tenant, config=config)
    assert connector["unknownFields"] == [{"field": "config.hots", "nearest": "host"}]
    body = {"name": "strict", **POSTGRES, "config": config}
    problem(tenant.editor.post("/connectors?strict=true", json=body), 400, "BAD_REQUEST")
    assert problem(tenant.editor.post("/connectors?strict=maybe", json=body), 400, "BAD_REQUEST") == [
        "strict"
    ]


def test_pages_hold_while_rows_come_and_go(tenant: Tenant) -> None:
    ids = [made(tenant, f"c{number}")["id"] for number in range(5)]
    first = tenant.viewer.get("/connectors?limit=2").json()
    assert [row["id"] for row in first["data"]] == [ids[4], ids[3]]
    assert first["pagination"] == {"total": 5, "hasMore": True, "limit": 2, "cursor": ids[3]}
    tenant.editor.delete(f"/connectors/{ids[3]}")
    made(tenant, "later")
    second = tenant.viewer.get(f"/connectors?limit=2&cursor={ids[3]}").json()
    assert [row["id"] for row in second["data"]] == [ids[2], ids[1]]
    last = tenant.viewer.get(f"/connectors?limit=2&cursor={ids[1]}").json()
    assert [row["id"] for row in last["data"]] == [ids[0]]
    assert last["pagination"]["cursor"] is None


def test_filters(tenant: Tenant) -> None:
    shop = made(tenant, "Shop 100%")["id"]
    files = tenant.editor.made("/connectors", name="files", type="csv", config={"path": "a.csv"})["id"]
    for query, expected in (
        ("type=csv", [files]),
        ("status=inactive", [files, shop]),
        ("status=active", []),
        ("q=SHOP", [shop]),
        ("q=100%25", [shop]),
        ("q=_", []),
    ):
        found = tenant.viewer.get(f"/connectors?{query}").json()["data"]
        assert [row["id"] for row in found] == expected, query


def test_another_tenants_record_is_not_there(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    path = f"/connectors/{made(tenant)['id']}"
    stranger = new_tenant().admin
    for answer in (
        stranger.get(path),
        stranger.put(path, json={"name": "mine"}),
        stranger.delete(path),
        stranger.post(f"{path}/discover", json={}),
        stranger.post(f"{path}/preview", json={}),
        stranger.post("/connectors/test", json={"id": path.rpartition("/")[2]}),
    ):
        problem(answer, 404, "NOT_FOUND")
    assert tenant.viewer.get(path).status_code == 200


def test_a_type_that_is_used_cannot_be_deleted(tenant: Tenant) -> None:
    connector = tenant.editor.made("/connectors", name="files", type="csv", config={"path": "a.csv"})
    pipeline = tenant.editor.made("/pipelines", name="load files", connectorId=connector["id"], source={})
    answer = tenant.editor.delete(f"/connectors/{connector['id']}")
    problem(answer, 409, "IN_USE")
    assert pipeline["id"] in answer.text
    assert "load files" in answer.text


def test_types_are_listed_with_their_forms(tenant: Tenant) -> None:
    types = {entry["type"]: entry for entry in tenant.viewer.get("/connector-types").json()["data"]}
    assert list(types) == list(catalogue.types())
    assert types["postgresql"]["requiredFields"] == ["host", "port", "database"]
    assert types["braze"]["status"] == "coming_soon"
    assert tenant.viewer.get("/connector-types/postgresql").json() == types["postgresql"]
    answer = tenant.viewer.get("/connector-types/postgre")
    problem(answer, 404, "NOT_FOUND")
    assert "postgresql" in answer.text


def test_times_are_utc_to_the_millisecond(tenant: Tenant) -> None:
    made = tenant.admin.made("/connectors", name="timed", type="csv", config={})
    for field in ("createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made[field])
