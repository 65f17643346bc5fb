"""Pipelines and runs over HTTP; Dagster is out of reach of these servers."""

from collections.abc import Callable
from typing import Any

import pytest

from kaireon_orch_tests.api.conftest import Tenant


@pytest.fixture
def connector(tenant: Tenant) -> dict[str, Any]:
    return tenant.editor.made("/connectors", name="files", type="csv", config={"path": "flights.csv"})


@pytest.fixture
def pipeline(tenant: Tenant, connector: dict[str, Any]) -> dict[str, Any]:
    return tenant.editor.made("/pipelines", name="Load flights", connectorId=connector["id"])


def test_a_pipeline_is_made_with_its_defaults(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    assert pipeline["id"].startswith("pipe_")
    assert pipeline["assetKey"] == [tenant.name, "load_flights"]
    assert pipeline["loadMode"] == "append"
    assert pipeline["target"]["table"] == "load_flights"
    assert pipeline["retries"] == {"maxAttempts": 2, "delaySeconds": 10, "backoff": "exponential"}
    shown = tenant.viewer.get(f"/pipelines/{pipeline['id']}")
    assert shown.json() == pipeline
    assert shown.headers["etag"]
    assert tenant.viewer.get("/pipelines").json()["data"] == [pipeline]


def test_change_with_conditions_and_delete(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    path = f"/pipelines/{pipeline['id']}"
    old = tenant.viewer.get(path).headers["etag"]
    changed = tenant.editor.put(path, json={"rowLimit": 10}, headers={"If-Match": old})
    assert changed.json()["rowLimit"] == 10
    assert tenant.editor.put(path, json={"rowLimit": 11}, headers={"If-Match": old}).status_code == 412
    by_body = tenant.editor.put("/pipelines", json={"id": pipeline["id"], "rowLimit": None})
    assert by_body.json()["rowLimit"] is None
    assert tenant.editor.put(path, json={"id": "pipe_other"}).status_code == 400
    assert tenant.editor.put(path, json=by_body.json()).status_code == 200
    assert tenant.editor.delete(f"/pipelines?id={pipeline['id']}").status_code == 204
    assert tenant.editor.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"rowLimit": -1}, "rowLimit"),
        ({"rowLimit": 1.5}, "rowLimit"),
        ({"loadMode": "upsert"}, "primaryKey"),
        ({"loadMode": "cdc_mirror"}, "loadMode"),
        ({"schedule": {"kind": "cron", "expression": "0 0 31 2 *", "timezone": "UTC"}}, "schedule"),
        ({"loadMdoe": "append"}, "loadMdoe"),
    ],
)
def test_a_pipeline_that_cannot_be_names_its_fields(
    tenant: Tenant, connector: dict[str, Any], fields: dict[str, Any], wrong: str
) -> None:
    answer = tenant.editor.post("/pipelines", json={"name": "x", "connectorId": connector["id"], **fields})
    assert answer.status_code == 400
    named = [detail["field"] for detail in answer.json()["error"]["details"]]
    assert any(field.split(".")[0] == wrong for field in named), named


def test_filters_of_pipelines(tenant: Tenant, connector: dict[str, Any], pipeline: dict[str, Any]) -> None:
    other = tenant.editor.made("/pipelines", name="off", connectorId=connector["id"], enabled=False)
    for query, expected in (
        ("enabled=false", [other["id"]]),
        ("enabled=true", [pipeline["id"]]),
        (f"connectorId={connector['id']}", [other["id"], pipeline["id"]]),
        ("connectorId=conn_x", []),
        ("q=FLIGHTS", [pipeline["id"]]),
    ):
        found = tenant.viewer.get(f"/pipelines?{query}").json()["data"]
        assert [row["id"] for row in found] == expected, query
    assert tenant.viewer.get("/pipelines?enabled=1").status_code == 400


def test_a_run_without_dagster_is_503_and_nothing_is_queued(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    answer = tenant.editor.post(f"/pipelines/{pipeline['id']}/run")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    assert tenant.viewer.get(f"/pipelines/{pipeline['id']}/runs").json()["data"] == []
    assert tenant.viewer.get("/runs").json()["pagination"]["total"] == 0


def test_a_disabled_pipeline_is_told_before_dagster_is_asked(
    tenant: Tenant, pipeline: dict[str, Any]
) -> None:
    tenant.editor.put(f"/pipelines/{pipeline['id']}", json={"enabled": False})
    answer = tenant.editor.post(f"/pipelines/{pipeline['id']}/run", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_RUNNABLE")


@pytest.mark.parametrize("body", [{"rowLimit": -1}, {"rowLimit": "5"}, {"fullRefresh": 1}, {"rowlimit": 5}])
def test_a_bad_run_request_is_named(tenant: Tenant, pipeline: dict[str, Any], body: dict[str, Any]) -> None:
    answer = tenant.editor.post(f"/pipelines/{pipeline['id']}/run", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == list(body)


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_idempotency_key_has_bounds(tenant: Tenant, pipeline: dict[str, Any], key: str) -> None:
    answer = tenant.editor.post(f"/pipelines/{pipeline['id']}/run", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "path", ["/runs/nope", "/runs/nope/events", "/pipelines/nope/runs", "/pipelines/nope"]
)
def test_what_is_not_there_is_404(tenant: Tenant, path: str) -> None:
    assert tenant.viewer.get(path).status_code == 404


def test_cancelling_what_is_not_there_is_404(tenant: Tenant) -> None:
    assert tenant.editor.post("/runs/nope/cancel").status_code == 404


def test_another_tenants_pipeline_is_not_there(
    pipeline: dict[str, Any], new_tenant: Callable[[], Tenant]
) -> None:
    stranger = new_tenant().admin
    path = f"/pipelines/{pipeline['id']}"
    assert stranger.get(path).status_code == 404
    assert stranger.put(path, json={"name": "mine"}).status_code == 404
    assert stranger.delete(path).status_code == 404
    assert stranger.post(f"{path}/run").status_code == 404
    assert stranger.get(f"{path}/runs").status_code == 404
