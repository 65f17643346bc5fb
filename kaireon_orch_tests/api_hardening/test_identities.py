"""Keys that end, headers that contradict each other, and refusals in the audit log."""

import time
from collections.abc import Callable

import pytest

from kaireon_orch_tests.api.conftest import Api, Tenant
from kaireon_orch_tests.api_hardening.bodies import bad, refused


@pytest.mark.parametrize(
    "given",
    [
        "2020-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2030-01-01T00:00:00+99:00",
        "2030-13-01",
        "0d",
        "-1d",
        "1y",
        "d",
        "",
        "tomorrow",
        5,
        {},
    ],
)
def test_expiries_that_cannot_be(tenant: Tenant, given: object) -> None:
    assert bad(tenant.admin.post("/api-keys", json={"role": "viewer", "expiresAt": given})) == ["expiresAt"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00.000Z"),
        ("2099-01-01T00:00:00.123Z", "2099-01-01T00:00:00.123Z"),
        ("2099-01-01T02:00:00+02:00", "2099-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
        (None, None),
    ],
)
def test_expiries_are_shown_in_utc(tenant: Tenant, given: str | None, shown: str | None) -> None:
    made = tenant.admin.made("/api-keys", role="viewer", expiresAt=given)
    assert made["expiresAt"] == shown
    assert set(made) == {"id", "key", "name", "prefix", "role", "expiresAt", "lastUsedAt", "createdAt"}
    assert made["name"].startswith("key-")


def test_an_expired_key_is_refused_and_told(tenant: Tenant, anonymous: Api) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2)) + "Z"
    made = tenant.admin.made("/api-keys", role="viewer", expiresAt=at)
    headers = {"X-API-Key": made["key"], "X-Request-Id": "the-expired"}
    assert anonymous.get("/connectors", headers=headers).status_code == 200
    time.sleep(2.1)
    assert refused(anonymous.get("/connectors", headers=headers), 401, "UNAUTHENTICATED") == []
    entry = tenant.admin.get("/audit-logs").json()["data"][0]
    assert (entry["outcome"], entry["actor"]["keyId"], entry["requestId"]) == (
        "refused",
        made["id"],
        "the-expired",
    )


def test_last_use_is_shown(tenant: Tenant) -> None:
    tenant.viewer.get("/connectors")
    used = {key["role"]: key["lastUsedAt"] for key in tenant.admin.get("/api-keys").json()["data"]}
    assert used["viewer"] is not None
    assert used["editor"] is None


def test_a_tenant_header_must_not_contradict(tenant: Tenant) -> None:
    for names in (["other"], [tenant.name, "other"], ["", "other"]):
        lines = [("X-Tenant-Id", name) for name in names]
        assert refused(tenant.viewer.get("/connectors", headers=lines), 403, "FORBIDDEN") == []
    lines = [("X-Tenant-Id", ""), ("X-Tenant-Id", tenant.name)]
    assert tenant.viewer.get("/connectors", headers=lines).status_code == 200


def test_refused_reads_are_in_the_log(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    foreign = tenant.editor.made("/connectors", name="x", type="csv")["id"]
    stranger = new_tenant()
    for client, path in (
        (stranger.viewer, f"/connectors/{foreign}"),
        (stranger.viewer, "/api-keys"),
        (stranger.editor, "/audit-logs"),
    ):
        client.get(path, headers={"X-Request-Id": path.replace("/", ".").strip(".")})
    stranger.viewer.get("/connectors", headers={"X-Tenant-Id": tenant.name, "X-Request-Id": "header"})
    told = {entry["requestId"]: entry for entry in stranger.admin.get("/audit-logs").json()["data"]}
    assert told[f"connectors.{foreign}"]["reason"].startswith("NOT_FOUND")
    for request in ("api-keys", "audit-logs", "header"):
        assert told[request]["reason"].startswith("FORBIDDEN")
        assert (told[request]["outcome"], told[request]["action"]) == ("refused", "read")
    assert stranger.admin.get("/audit-logs/verify").json()["intact"] is True


def test_another_tenants_key_is_not_there(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    key = tenant.admin.get("/api-keys").json()["data"][0]["id"]
    assert refused(new_tenant().admin.delete(f"/api-keys/{key}"), 404, "NOT_FOUND") == []
    assert key in tenant.admin.get("/api-keys").text
