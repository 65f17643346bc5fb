"""Properties that hold for whatever a client sends: no failure of ours, and documents that survive their storage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaireon_orch.control.shapes import merge_patch
from kaireon_orch_tests.api_hardening.bodies import POSTGRES

if TYPE_CHECKING:
    from kaireon_orch_tests.api.conftest import Tenant

EXPECTED = {200, 201, 204, 400, 404, 409, 412, 413, 415}
SURROGATES: tuple[Literal["Cs"]] = ("Cs",)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=SURROGATES), max_size=20)
# Names that tell of no secret: those come back masked.
KEYS = st.sampled_from(["ключ", "region", "x y", "a.b", "a/b", "~", "0", "", "null", "mode"])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS.filter(lambda text: "://" not in text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=4)
FIELDS = st.sampled_from(
    [
        "id",
        "name",
        "type",
        "config",
        "connectionConfig",
        "authMethod",
        "authConfig",
        "status",
        "description",
        "resourceKey",
        "role",
        "expiresAt",
        "connectorId",
        "source",
        "schedule",
        "columns",
    ]
)
BYTES = st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
CALLS = st.sampled_from(
    [
        "POST /connectors",
        "PUT /connectors",
        "POST /connectors/test",
        "POST /pipelines",
        "PUT /pipelines",
        "POST /api-keys",
        "POST /encryption/rotate",
    ]
)


def bounded(examples: int) -> settings:
    fixtures = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=fixtures
    )


@given(call=CALLS, body=st.dictionaries(FIELDS, JSON | DOCUMENTS, max_size=5))
@bounded(120)
def test_any_object_is_answered(tenant: Tenant, call: str, body: dict[str, Any]) -> None:
    verb, path = call.split()
    answer = tenant.admin.request(verb, path, json=body)
    assert answer.status_code in EXPECTED | {429}, (call, body, answer.text)


@given(call=CALLS, raw=BYTES)
@bounded(80)
def test_any_bytes_are_answered(tenant: Tenant, call: str, raw: bytes) -> None:
    verb, path = call.split()
    assert tenant.admin.request(verb, path, content=raw).status_code in EXPECTED | {429}


@given(
    path=st.sampled_from(["connectors", "pipelines", "runs", "api-keys", "audit-logs", "connector-types"]),
    record=st.text(max_size=12),
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "q", "type", "status", "enabled", "id"]),
        st.text(max_size=12),
        max_size=3,
    ),
)
@bounded(120)
def test_any_path_and_query_are_answered(
    tenant: Tenant, path: str, record: str, query: dict[str, str]
) -> None:
    params = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    for verb in ("GET", "DELETE"):
        place = f"/{path}/{quote(record, safe='', errors='replace')}".rstrip("/.")
        answer = tenant.admin.request(verb, place, params=params)
        assert answer.status_code in EXPECTED | {405}, answer.text


@pytest.fixture
def connector(tenant: Tenant) -> str:
    return str(tenant.editor.made("/connectors", name="x", **POSTGRES)["id"])


@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=3))
@bounded(40)
def test_changes_are_merge_patches(tenant: Tenant, connector: str, documents: list[dict[str, Any]]) -> None:
    path = f"/connectors/{connector}"
    expected = tenant.viewer.get(path).json()["config"]
    for patch in documents:
        expected = merge_patch(expected, patch)
        assert tenant.editor.put(path, json={"config": patch}).json()["config"] == json.loads(
            json.dumps(expected)
        )
    assert tenant.viewer.get(path).json()["config"] == expected


@given(document=DOCUMENTS)
@bounded(40)
def test_unknown_keys_survive_as_they_were_sent(tenant: Tenant, document: dict[str, Any]) -> None:
    made = tenant.editor.post("/connectors", json={"name": "y", "type": "csv", "config": document}).json()
    assert made["config"] == document
    assert tenant.editor.delete(f"/connectors/{made['id']}").status_code == 204
