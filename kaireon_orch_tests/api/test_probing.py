"""The connection test over HTTP: its answer, its limit, and looking into a source."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from kaireon_orch import settings
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch_tests.api.conftest import Api, Served, Tenant, serving

LIMITS = {"ratelimit-policy", "ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
ROWS = "id,price,name\n1,1.50,a\n2,2.25,\n9007199254740993,3.00,c\n"


@pytest.fixture
def files(served: Served, tenant: Tenant) -> dict[str, Any]:
    """A csv connector on a file below the allowed root."""
    path = served.registry.settings.file_roots[0] / f"{tenant.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ROWS)
    return tenant.editor.made("/connectors", name="files", type="csv", config={"path": str(path)})


def test_a_stored_connector_is_tested_and_stamped(tenant: Tenant, files: dict[str, Any]) -> None:
    answer = tenant.editor.post("/connectors/test", json={"id": files["id"]})
    assert answer.status_code == 200
    result = answer.json()
    assert (result["success"], result["status"], result["code"]) == (True, "active", "OK"), result
    assert result["checks"]
    assert result["connector"]["lastSyncRowCount"] == 3
    shown = tenant.viewer.get(f"/connectors/{files['id']}").json()
    assert (shown["status"], shown["lastSyncRowCount"]) == ("active", 3)
    assert shown["lastTestedAt"] is not None
    assert set(answer.headers) >= LIMITS


def test_a_draft_is_tested_and_not_stored(tenant: Tenant) -> None:
    draft = {"type": "csv", "config": {"path": "/etc/passwd"}}
    result = tenant.editor.post("/connectors/test", json=draft).json()
    assert (result["success"], result["code"], result["connector"]) == (False, "FILE_NOT_ALLOWED", None)
    assert tenant.viewer.get("/connectors").json()["data"] == []


def test_missing_fields_fail_without_a_network(tenant: Tenant) -> None:
    result = tenant.editor.post(
        "/connectors/test", json={"type": "postgresql", "config": {"host": "h"}}
    ).json()
    assert (result["success"], result["code"]) == (False, "MISSING_FIELDS")
    assert "port" in result["message"]
    assert "database" in result["message"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{}", 400), (b"", 400), (b"{", 400), (b'{"id": 1}', 400), (b'{"id": "conn_x"}', 404)],
)
def test_refused_tests_count_and_say_what_is_left(tenant: Tenant, content: bytes, status: int) -> None:
    before = tenant.editor.post("/connectors/test", content=content)
    after = tenant.editor.post("/connectors/test", content=content)
    assert before.status_code == after.status_code == status
    left = [int(answer.headers["ratelimit-remaining"]) for answer in (before, after)]
    assert left == [99, 98]
    assert after.headers["ratelimit-policy"] == '"default";q=100;w=60'


def test_a_viewer_is_refused_uncounted(tenant: Tenant) -> None:
    refused = [tenant.viewer.post("/connectors/test", json={}) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [403, 403]
    assert [answer.headers["ratelimit-remaining"] for answer in refused] == ["100", "100"]


def test_past_the_limit_a_test_is_told_when_to_come_back(tmp_path: Path) -> None:
    registry = Registry.open(settings.load(tmp_path, test_rate_limit="3/60"))
    _, key = keys.create(registry, Caller.operator("default"), {"role": "editor"})
    with serving(create_app(registry, closes=True)) as url, Api(url, key) as client:
        answers = [client.post("/connectors/test", json={"id": "conn_x"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    refused = answers[3]
    assert refused.json()["error"]["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert set(refused.headers) >= LIMITS
    assert refused.headers["ratelimit-remaining"] == "0"


def test_the_streams_of_a_source_are_discovered(tenant: Tenant, files: dict[str, Any]) -> None:
    answer = tenant.editor.post(f"/connectors/{files['id']}/discover")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["pagination"] == {"total": 1, "hasMore": False, "limit": 20, "cursor": None}
    assert [column["name"] for column in page["data"][0]["columns"]] == ["id", "price", "name"]


def test_the_first_rows_are_previewed(tenant: Tenant, files: dict[str, Any]) -> None:
    answer = tenant.editor.post(f"/connectors/{files['id']}/preview", json={"source": {}, "limit": 2})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [column["name"] for column in shown["schema"]] == ["id", "price", "name"]
    assert [row["name"] for row in shown["rows"]] == ["a", None]
    assert shown["truncated"] is True
    everything = tenant.editor.post(f"/connectors/{files['id']}/preview").json()
    assert everything["rows"][2]["id"] == "9007199254740993"
    assert everything["truncated"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"source": {"tabel": "x"}}, "source.tabel"),
        ({"soruce": {}}, "soruce"),
        ({"source": None}, "source"),
    ],
)
def test_a_bad_preview_names_its_fields(
    tenant: Tenant, files: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    answer = tenant.editor.post(f"/connectors/{files['id']}/preview", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


@pytest.mark.parametrize("query", ["?limit=0", "?cursor=nope", "?cursor=-1"])
def test_a_bad_page_of_streams_is_named(tenant: Tenant, files: dict[str, Any], query: str) -> None:
    answer = tenant.editor.post(f"/connectors/{files['id']}/discover{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == query[1:].partition("=")[0]


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_what_cannot_be_read_from_says_why(tenant: Tenant, files: dict[str, Any]) -> None:
    braze = tenant.editor.made("/connectors", name="braze", type="braze", config={})
    empty = tenant.editor.made("/connectors", name="empty", type="postgresql", config={})
    tenant.editor.put(f"/connectors/{files['id']}", json={"status": "disabled"})
    for path in ("discover", "preview"):
        assert problem(tenant.editor.post(f"/connectors/{files['id']}/{path}")) == (409, "NOT_RUNNABLE")
        assert problem(tenant.editor.post(f"/connectors/{empty['id']}/{path}")) == (409, "NOT_RUNNABLE")
        status, code = problem(tenant.editor.post(f"/connectors/{braze['id']}/{path}"))
        assert status == 409
        assert code in {"NOT_SUPPORTED", "NOT_RUNNABLE"}
