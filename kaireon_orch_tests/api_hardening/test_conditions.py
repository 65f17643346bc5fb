"""If-Match, and requests that name two records."""

from typing import Any

import pytest

from kaireon_orch_tests.api.conftest import Tenant
from kaireon_orch_tests.api_hardening.bodies import bad, refused


def made(tenant: Tenant, name: str = "files") -> str:
    return str(tenant.editor.made("/connectors", name=name, type="csv", config={"path": "a.csv"})["id"])


@pytest.mark.parametrize(
    ("form", "matches"),
    [
        ("{tag}", True),
        ('"x", {tag}', True),
        ('"x",{tag},"y"', True),
        ("*", True),
        ("W/{tag}", False),
        ('W/{tag}, "y"', False),
        ('""', False),
        ('"x"', False),
        ("7", False),
    ],
)
@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
def test_strong_tags_match_alone_or_in_a_list(tenant: Tenant, verb: str, form: str, matches: bool) -> None:
    path = f"/connectors/{made(tenant)}"
    tag = tenant.viewer.get(path).headers["etag"]
    assert tag.startswith('"')
    given = {"If-Match": form.format(tag=tag)}
    answer = tenant.editor.request(verb, path, json={"description": "new"}, headers=given)
    if matches:
        assert answer.status_code in {200, 204}
    else:
        assert refused(answer, 412, "STALE") == []
        assert tenant.viewer.get(path).headers["etag"] == tag


def test_several_lines_are_one_list(tenant: Tenant) -> None:
    path = f"/connectors/{made(tenant)}"
    tag = tenant.viewer.get(path).headers["etag"]
    lines = [("If-Match", '"x"'), ("If-Match", tag)]
    assert tenant.editor.put(path, json={"description": "new"}, headers=lines).status_code == 200


def test_a_record_that_is_not_there_matches_nothing(tenant: Tenant) -> None:
    for verb in ("PUT", "DELETE"):
        answer = tenant.editor.request(verb, "/connectors/conn_x", json={}, headers={"If-Match": "*"})
        assert refused(answer, 404, "NOT_FOUND") == []


def test_every_answer_with_the_connector_has_its_tag(tenant: Tenant) -> None:
    answer = tenant.editor.post("/connectors", json={"name": "x", "type": "csv", "config": {"path": "a.csv"}})
    path = f"/connectors/{answer.json()['id']}"
    assert answer.headers["etag"] == tenant.viewer.get(path).headers["etag"]
    tested = tenant.editor.post("/connectors/test", json={"id": answer.json()["id"]})
    assert tested.headers["etag"] == tenant.viewer.get(path).headers["etag"] != answer.headers["etag"]
    changed = tenant.editor.put(path, json={"description": "y"}, headers={"If-Match": tested.headers["etag"]})
    assert changed.headers["etag"] == tenant.viewer.get(path).headers["etag"]


@pytest.mark.parametrize("resource", ["connectors", "pipelines", "api-keys"])
def test_a_deletion_names_one_record(tenant: Tenant, resource: str) -> None:
    record = made(tenant)
    for path in (f"/{resource}?id={record}&id=other", f"/{resource}/{record}?id=other"):
        assert bad(tenant.admin.delete(path)) == ["id"]
        assert refused(tenant.viewer.delete(path), 403, "FORBIDDEN") == []
    assert tenant.viewer.get(f"/connectors/{record}").status_code == 200
    if resource == "connectors":
        assert tenant.editor.delete(f"/connectors/{record}?id={record}").status_code == 204


def test_path_and_body_name_one_record(tenant: Tenant) -> None:
    first, second = made(tenant, "a"), made(tenant, "b")
    body: dict[str, Any] = {"id": second, "description": "x"}
    assert bad(tenant.editor.put(f"/connectors/{first}", json=body)) == ["id"]
    assert bad(tenant.editor.put(f"/connectors/{first}", json=body | {"id": 1})) == ["id"]
    assert tenant.editor.put(f"/connectors/{first}", json=body | {"id": first}).status_code == 200
