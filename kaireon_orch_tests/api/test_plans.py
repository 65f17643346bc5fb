"""Plans and states of pipelines over HTTP, with a real guarded child and the built-in warehouse."""

import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest

from kaireon_orch.control import execution, pinned
from kaireon_orch.control.execution import RunRequest
from kaireon_orch_tests.api.conftest import Served, Tenant


@pytest.fixture
def pipeline(served: Served, tenant: Tenant) -> dict[str, Any]:
    folder = served.registry.settings.home / "files"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "orders.csv").write_text("id,item\n1,pen\nx,ink\n")
    config = {"path": "orders.csv", "types": {"id": "string"}}
    source = tenant.editor.made("/connectors", name="orders", type="csv", config=config)
    return tenant.editor.made(
        "/pipelines",
        name="Orders",
        connectorId=source["id"],
        columns={"cast": {"id": "int64"}},
        cursorField="id",
        onRowError="quarantine",
    )


def ran(served: Served, tenant: Tenant, pipeline: dict[str, Any]) -> execution.RunOutcome:
    found = pinned.one(served.registry, tenant.name, pipeline["id"])
    request = RunRequest(str(uuid.uuid4()), tenant.name, found, "cli")
    return execution.execute(served.registry, request, lambda _: None)


def test_a_plan_tells_every_column_and_loads_nothing(
    served: Served, tenant: Tenant, pipeline: dict[str, Any]
) -> None:
    path = f"/pipelines/{pipeline['id']}"
    answer = tenant.editor.get(f"{path}/plan")
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert (plan["pipelineId"], plan["exists"], plan["refused"]) == (pipeline["id"], False, None)
    assert (plan["table"], plan["loadMode"], plan["onRowError"]) == (
        f"t_{tenant.name}.orders",
        "append",
        "quarantine",
    )
    assert [(each["name"], each["targetType"], each["fidelity"]) for each in plan["columns"]] == [
        ("id", "BIGINT", "exact_in_another_form"),
        ("item", "VARCHAR", "exact"),
    ]
    assert tenant.viewer.get(f"{path}/state").json()["loadId"] is None


def test_a_plan_is_for_who_may_look_into_sources(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    path = f"/pipelines/{pipeline['id']}/plan"
    assert tenant.viewer.get(path).status_code == 403
    assert tenant.admin.get(path).status_code == 200
    assert tenant.editor.get("/pipelines/nope/plan").status_code == 404
    tenant.editor.put(f"/pipelines/{pipeline['id']}", json={"enabled": False})
    assert tenant.editor.get(path).status_code == 200
    tenant.editor.put(f"/connectors/{pipeline['connectorId']}", json={"status": "disabled"})
    answer = tenant.editor.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_RUNNABLE")


def test_quarantined_rows_end_a_run_with_errors(
    served: Served, tenant: Tenant, pipeline: dict[str, Any]
) -> None:
    outcome = ran(served, tenant, pipeline)
    assert (outcome.status, outcome.rows_loaded, outcome.rows_rejected) == ("completed_with_errors", 1, 1)
    run = tenant.viewer.get(f"/runs/{outcome.run_id}").json()
    assert (run["status"], run["rowsRejected"]) == ("completed_with_errors", 1)
    shown = tenant.viewer.get(f"/pipelines/{pipeline['id']}").json()
    assert shown["lastRunStatus"] == "completed_with_errors"


def test_a_state_is_read_set_and_forgotten_with_a_reason(
    served: Served, tenant: Tenant, pipeline: dict[str, Any]
) -> None:
    path = f"/pipelines/{pipeline['id']}/state"
    before = tenant.viewer.get(path).json()
    assert (before["pipelineId"], before["cursorField"]) == (pipeline["id"], "id")
    assert {before[name] for name in ("watermark", "loadId", "loadMode", "rows", "committedAt")} == {None}
    outcome = ran(served, tenant, pipeline)
    loaded = tenant.viewer.get(path).json()
    assert (loaded["loadId"], loaded["loadMode"], loaded["rows"]) == (outcome.run_id, "append", 1)
    answer = tenant.editor.put(path, json={"watermark": 7, "reason": "load the week again"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["watermark"], answer.json()["loadMode"]) == (7, "state")
    assert tenant.viewer.get(path).json() == answer.json()
    assert tenant.editor.delete(path, params={"reason": "start over"}).status_code == 204
    assert tenant.viewer.get(path).json()["watermark"] is None
    entries = tenant.admin.get("/audit-logs").json()["data"]
    told = [entry for entry in entries if entry["action"] == "state_set"]
    assert [entry["reason"] for entry in told] == ["start over", "load the week again"]
    assert told[1]["after"]["checkpoint"] == {"watermark": 7, "cursorField": "id"}
    assert told[0]["before"] == told[1]["after"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"watermark": 7}, "reason"),
        ({"watermark": 7, "reason": " "}, "reason"),
        ({"reason": "because"}, "watermark"),
        ({"watermark": True, "reason": "because"}, "watermark"),
        ({"watermark": {"a": 1}, "reason": "because"}, "watermark"),
        ({"watermark": "", "reason": "because"}, "watermark"),
        ({"watermrak": 7, "watermark": 7, "reason": "because"}, "watermrak"),
    ],
)
def test_a_bad_state_names_its_field(
    tenant: Tenant, pipeline: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    answer = tenant.editor.put(f"/pipelines/{pipeline['id']}/state", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


def test_a_watermark_is_a_value_of_the_cursors_type(served: Served, tenant: Tenant) -> None:
    folder = served.registry.settings.home / "files"
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(folder / "shop.sqlite")) as shop, shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    source = tenant.editor.made("/connectors", name="shop", type="sqlite", config={"path": "shop.sqlite"})
    pipeline = tenant.editor.made(
        "/pipelines",
        name="From the shop",
        connectorId=source["id"],
        source={"table": "orders"},
        loadMode="incremental_watermark",
        cursorField="id",
    )
    path = f"/pipelines/{pipeline['id']}/state"
    answer = tenant.editor.put(path, json={"watermark": "soon", "reason": "because"})
    assert answer.status_code == 400, answer.text
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["watermark"]
    assert tenant.editor.put(path, json={"watermark": "7", "reason": "because"}).json()["watermark"] == 7


def test_a_state_is_guarded(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    path = f"/pipelines/{pipeline['id']}/state"
    wanted = {"watermark": 7, "reason": "because"}
    assert tenant.viewer.put(path, json=wanted).status_code == 403
    assert tenant.viewer.delete(path, params={"reason": "because"}).status_code == 403
    assert tenant.editor.delete(path).status_code == 400
    assert tenant.editor.get("/pipelines/nope/state").status_code == 404
    tenant.editor.put(f"/pipelines/{pipeline['id']}", json={"cursorField": None})
    answer = tenant.editor.put(path, json=wanted)
    assert answer.json()["error"]["details"][0]["field"] == "watermark"


def test_a_name_leaves_room_for_rejects(tenant: Tenant, pipeline: dict[str, Any]) -> None:
    path = f"/pipelines/{pipeline['id']}"
    answer = tenant.editor.put(path, json={"target": {"table": "t" * 55}})
    assert answer.json()["error"]["details"][0]["field"] == "target.table"
    assert tenant.editor.put(path, json={"target": {"table": "t" * 54}}).status_code == 200
