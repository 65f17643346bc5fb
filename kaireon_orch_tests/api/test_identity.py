"""Keys, tenants and roles."""

from collections.abc import Callable

import httpx
import pytest

from kaireon_orch_tests.api.conftest import Api, Served, Tenant

CHANGES = [
    ("POST", "/connectors"),
    ("PUT", "/connectors"),
    ("DELETE", "/connectors?id=conn_x"),
    ("POST", "/connectors/test"),
    ("PUT", "/connectors/conn_x"),
    ("DELETE", "/connectors/conn_x"),
    ("POST", "/connectors/conn_x/discover"),
    ("POST", "/connectors/conn_x/preview"),
    ("POST", "/pipelines"),
    ("PUT", "/pipelines"),
    ("DELETE", "/pipelines?id=pipe_x"),
    ("PUT", "/pipelines/pipe_x"),
    ("DELETE", "/pipelines/pipe_x"),
    ("POST", "/pipelines/pipe_x/run"),
    ("GET", "/pipelines/pipe_x/plan"),
    ("PUT", "/pipelines/pipe_x/state"),
    ("DELETE", "/pipelines/pipe_x/state"),
    ("POST", "/runs/x/cancel"),
]
ADMINISTRATION = [
    ("GET", "/api-keys"),
    ("POST", "/api-keys"),
    ("DELETE", "/api-keys?id=key_x"),
    ("DELETE", "/api-keys/key_x"),
    ("GET", "/audit-logs"),
    ("GET", "/audit-logs/aud_x"),
    ("GET", "/audit-logs/verify"),
    ("POST", "/encryption/rotate"),
]


def operations(served: Served) -> list[tuple[str, str]]:
    """Every operation that the document names, with its path parameters filled in."""
    paths = httpx.get(f"{served.url}/api/v1/openapi.json").json()["paths"]
    return [
        (
            verb.upper(),
            path.removeprefix("/api/v1").replace("{type_name}", "csv").replace("{", "").replace("}", ""),
        )
        for path, verbs in paths.items()
        for verb in verbs
        if path.startswith("/api/v1")
    ]


def test_every_operation_wants_a_key(served: Served, anonymous: Api) -> None:
    for verb, path in operations(served):
        answer = anonymous.request(verb, path, content=b"not JSON")
        assert answer.status_code == 401, (verb, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["error"]["code"] == "UNAUTHENTICATED"


def test_the_tables_of_this_module_name_every_operation(served: Served) -> None:
    named = {(verb, path.partition("?")[0].count("/")) for verb, path in CHANGES + ADMINISTRATION}
    changing = {(verb, path.count("/")) for verb, path in operations(served) if verb != "GET"}
    assert changing <= named


@pytest.mark.parametrize(("verb", "path"), CHANGES)
def test_viewers_change_nothing(tenant: Tenant, verb: str, path: str) -> None:
    answer = tenant.viewer.request(verb, path, content=b"not JSON")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize(("verb", "path"), ADMINISTRATION)
def test_administration_is_for_administrators(tenant: Tenant, role: str, verb: str, path: str) -> None:
    client: Api = getattr(tenant, role)
    assert client.request(verb, path, content=b"not JSON").status_code == 403


def test_a_key_comes_in_either_header(tenant: Tenant, anonymous: Api) -> None:
    key = tenant.secrets["viewer"]
    for headers in (
        {"X-API-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer  {key}"},
        {"X-API-Key": key, "Authorization": f"Bearer {key}"},
        {"X-API-Key": key, "Authorization": "Basic dTpw"},
    ):
        assert anonymous.get("/connectors", headers=headers).status_code == 200


def test_two_different_keys_are_none(tenant: Tenant, anonymous: Api) -> None:
    keys = tenant.secrets
    both = {"X-API-Key": keys["viewer"], "Authorization": f"Bearer {keys['admin']}"}
    assert anonymous.get("/connectors", headers=both).status_code == 401
    twice = [("X-API-Key", keys["viewer"]), ("X-API-Key", keys["admin"])]
    assert anonymous.get("/connectors", headers=twice).status_code == 401


@pytest.mark.parametrize("key", ["", "krn_", "krn_" + "A" * 49, "x", "Ä".encode()])
def test_a_key_that_nobody_made_is_refused(anonymous: Api, key: str | bytes) -> None:
    raw = key if isinstance(key, bytes) else key.encode()
    assert anonymous.get("/connectors", headers={b"X-API-Key": raw}).status_code == 401


def test_a_revoked_key_ends_with_the_next_request(tenant: Tenant, anonymous: Api) -> None:
    made = tenant.admin.made("/api-keys", role="viewer", name="short-lived")
    headers = {"X-API-Key": made["key"]}
    assert anonymous.get("/connectors", headers=headers).status_code == 200
    assert tenant.admin.delete(f"/api-keys/{made['id']}").status_code == 204
    assert anonymous.get("/connectors", headers=headers).status_code == 401
    assert tenant.admin.delete(f"/api-keys/{made['id']}").status_code == 404
    actions = [entry["action"] for entry in tenant.admin.get("/audit-logs").json()["data"]]
    assert {"key_create", "key_revoke"} <= set(actions)


def test_nobody_chooses_a_tenant_by_a_header(tenant: Tenant) -> None:
    for name, status in ((tenant.name, 200), ("", 200), ("default", 403), (tenant.name.upper(), 403)):
        answer = tenant.viewer.get("/connectors", headers={"X-Tenant-Id": name})
        assert answer.status_code == status, name


def test_refusals_are_in_the_audit_log(tenant: Tenant) -> None:
    tenant.viewer.delete("/connectors/conn_x", headers={"X-Request-Id": "the-viewer"})
    tenant.editor.put("/pipelines/pipe_x", headers={"X-Tenant-Id": "default", "X-Request-Id": "the-stray"})
    entries = {entry["requestId"]: entry for entry in tenant.admin.get("/audit-logs").json()["data"]}
    deletion, stray = entries["the-viewer"], entries["the-stray"]
    assert (deletion["action"], deletion["entityType"], deletion["entityId"]) == (
        "delete",
        "connector",
        "conn_x",
    )
    assert deletion["outcome"] == stray["outcome"] == "refused"
    assert deletion["actor"]["role"] == "viewer"
    assert (stray["action"], stray["entityType"], stray["entityId"]) == ("update", "pipeline", "pipe_x")
    assert tenant.admin.get(f"/audit-logs/{stray['id']}").json() == stray


def test_the_audit_chain_is_whole_and_apart_from_other_tenants(
    tenant: Tenant, new_tenant: Callable[[], Tenant]
) -> None:
    stranger = new_tenant()
    state = tenant.admin.get("/audit-logs/verify").json()
    assert state["intact"] is True
    assert (
        state["verified"] == state["total"] == tenant.admin.get("/audit-logs").json()["pagination"]["total"]
    )
    foreign = stranger.admin.get("/audit-logs").json()["data"][0]["id"]
    assert tenant.admin.get(f"/audit-logs/{foreign}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "role"),
        ({"role": "owner"}, "role"),
        ({"role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"role": "viewer", "expiresAt": "soon"}, "expiresAt"),
        ({"role": "viewer", "nmae": "x"}, "nmae"),
        ({"role": 1}, "role"),
    ],
)
def test_a_key_request_names_what_is_wrong(tenant: Tenant, body: dict[str, object], field: str) -> None:
    answer = tenant.admin.post("/api-keys", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


def test_a_key_is_shown_once(tenant: Tenant) -> None:
    made = tenant.admin.made("/api-keys", role="editor", expiresAt="30d")
    assert made["key"].startswith(made["prefix"])
    assert made["role"] == "editor"
    assert made["expiresAt"].endswith("Z")
    listed = tenant.admin.get("/api-keys")
    assert made["key"] not in listed.text
    assert made["id"] in [key["id"] for key in listed.json()["data"]]
    assert made["key"] not in tenant.admin.get("/audit-logs").text


def test_rotation_counts_and_dry_runs_write_nothing(tenant: Tenant) -> None:
    tenant.editor.made(
        "/connectors", name="x", type="postgresql", authMethod="password", authConfig={"password": "x"}
    )
    dry = tenant.admin.post("/encryption/rotate", json={"dryRun": True}).json()
    assert dry == {"dryRun": True, "total": 2, "rotated": 0, "current": 2, "notRotated": []}
    assert tenant.admin.post("/encryption/rotate").json() == dry | {"dryRun": False}
    assert tenant.admin.post("/encryption/rotate", json={"dryrun": True}).status_code == 400
    actions = [entry["action"] for entry in tenant.admin.get("/audit-logs").json()["data"]]
    assert actions.count("rotate") == 1


@pytest.mark.parametrize("form", ["/api-keys?id={}", "/api-keys/{}"])
def test_a_revoked_key_is_refused_at_the_next_request(tenant: Tenant, form: str) -> None:
    made = tenant.admin.made("/api-keys", name="short-lived", role="viewer")
    with Api(tenant.url, made["key"]) as client:
        assert client.get("/connectors").status_code == 200
        assert tenant.admin.delete(form.format(made["id"])).status_code == 204
        assert client.get("/connectors").status_code == 401
