"""The OpenAPI document is what the API does: schemathesis with each role's key, and a generated client that works."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from kaireon_orch_tests.api.conftest import Served, Tenant

DOCUMENT = "/api/v1/openapi.json"
IDENTITY = {"x-api-key", "authorization", "x-tenant-id"}
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
UNREACHABLE = 503  # these servers have no Dagster


def examples(number: int) -> settings:
    """So many cases an operation, the same in every run."""
    everything = list(HealthCheck)
    return settings(
        max_examples=number, derandomize=True, database=None, deadline=None, suppress_health_check=everything
    )


def conforms(case: Case[Any], url: str, session: requests.Session, key: str) -> None:
    """Send it as this key and compare the answer with the document."""
    kept = {name: value for name, value in case.headers.items() if name.lower() not in IDENTITY}
    case.headers = CaseInsensitiveDict({**kept, "X-API-Key": key})
    answer = case.call(url, session=session, timeout=60)
    if answer.status_code == UNREACHABLE:
        assert answer.json()["error"]["code"] == "UNAVAILABLE"
    else:
        case.validate_response(answer, checks=CHECKS)


def walk(served: Served, session: requests.Session, key: str, mode: GenerationMode, number: int) -> int:
    """Send generated cases to every operation; how many operations there are."""
    schema = schemathesis.openapi.from_dict(httpx.get(f"{served.url}{DOCUMENT}").json())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @examples(number)
        def send(case: Case[Any]) -> None:
            conforms(case, served.url, session, key)

        with suppress(Unsatisfiable):  # an operation that takes nothing has nothing that could be wrong
            send()
    return len(operations)


@pytest.mark.parametrize("number", [4, pytest.param(200, marks=pytest.mark.full)])
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("role", ["admin", "editor", "viewer"])
def test_no_case_is_answered_otherwise_than_documented(
    served: Served, tenant: Tenant, role: str, mode: GenerationMode, number: int
) -> None:
    cases = number if role == "admin" else max(2, number // 4)
    with requests.Session() as session:
        assert walk(served, session, tenant.secrets[role], mode, cases) > 30
    assert tenant.admin.get("/audit-logs/verify").json()["intact"] is True


@pytest.fixture
def client(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that openapi-python-client makes of the document."""
    (tmp_path / "document.json").write_text(httpx.get(f"{served.url}{DOCUMENT}").text)
    (tmp_path / "settings.json").write_text(json.dumps({"post_hooks": []}))
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    command += ["--path", "document.json", "--config", "settings.json", "--output-path", "generated_client"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [each for each in sys.modules if each.partition(".")[0] == "generated_client"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("generated_client")


def test_a_generated_client_creates_lists_and_tests(
    served: Served, tenant: Tenant, client: ModuleType
) -> None:
    def module(path: str) -> Any:
        return importlib.import_module(f"generated_client.{path}")

    with client.AuthenticatedClient(base_url=served.url, token=tenant.secrets["editor"]) as caller:
        models, calls = module("models"), "api.connectors"
        draft = models.ConnectorDraft(name="made", type_="braze", config=models.ConnectorDraftConfig())
        made = module(f"{calls}.create_connector").sync(client=caller, body=draft)
        assert (made.name, made.status) == ("made", "inactive")
        listed = module(f"{calls}.list_connectors").sync(client=caller, limit=5)
        assert [each.id for each in listed.data] == [made.id]
        tested = module(f"{calls}.test_connector").sync(client=caller, body=models.TestOfStored(id=made.id))
        assert (tested.success, tested.connector.id) == (False, made.id)
        problem = module(f"{calls}.get_connector").sync(client=caller, connector_id="conn_x")
        assert problem.error.code == "NOT_FOUND"
