"""Whatever a field of a body holds, the answer is one of the contract's and never a failure of ours."""

import re
from typing import Any

import httpx
import pytest

from kaireon_orch_tests.api.conftest import Served, Tenant

ODD: list[Any] = [
    None,
    -1,
    10**30,
    "",
    "x" * 3000,
    [[None]],
    {},
    {"": {"a": [1]}},
    {"kind": "cron", "expression": {}, "include": "*"},
]
PREFIX = "/api/v1"
EXPECTED = {200, 201, 400, 404, 409, 503}  # 503: these servers have no Dagster


def fields(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """The names of a documented body's fields."""
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return list(document["components"]["schemas"][reference.rpartition("/")[2]]["properties"])


@pytest.fixture
def records(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """Bodies that are fine, by path; their fields are then replaced one by one."""
    connector = tenant.editor.made("/connectors", name="files", type="csv", config={"path": "a.csv"})
    pipeline = tenant.editor.made("/pipelines", name="load", connectorId=connector["id"])
    return {
        "/connectors": {"id": connector["id"], "name": "new", "type": "csv"},
        "/connectors/{connector_id}": {"id": connector["id"]},
        "/pipelines": {"id": pipeline["id"], "name": "new", "connectorId": connector["id"]},
        "/pipelines/{pipeline_id}": {"id": pipeline["id"]},
        "/pipelines/{pipeline_id}/run": {"id": pipeline["id"]},
        "/api-keys": {"role": "viewer"},
    }


def test_no_value_of_any_field_is_a_failure_of_ours(
    served: Served, tenant: Tenant, records: dict[str, dict[str, Any]]
) -> None:
    document = httpx.get(f"{served.url}{PREFIX}/openapi.json").json()
    for template, valid in records.items():
        path = re.sub(r"\{\w+\}", valid.get("id", ""), template)
        for verb, operation in document["paths"][PREFIX + template].items():
            if "requestBody" in operation:
                body = {name: value for name, value in valid.items() if name != "id" or verb == "put"}
                replace_each(tenant, f"{verb} {path}", body, fields(document, operation))


def replace_each(tenant: Tenant, call: str, body: dict[str, Any], names: list[str]) -> None:
    """Send the body with each field as each odd value."""
    verb, _, path = call.partition(" ")
    assert names
    for name in names:
        for value in ODD:
            answer = tenant.admin.request(verb, path, json={**body, name: value})
            assert answer.status_code in EXPECTED, (call, name, value, answer.text)
