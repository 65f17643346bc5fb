"""The OpenAPI document, the page made of it, and the metrics."""

import re
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from kaireon_orch import settings
from kaireon_orch.control.registry import Registry
from kaireon_orch_tests.api.conftest import Served, Tenant, serving

REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


@pytest.fixture
def document(served: Served) -> httpx.Response:
    return httpx.get(f"{served.url}/api/v1/openapi.json")


def test_every_reference_is_there_and_every_operation_has_a_name(document: httpx.Response) -> None:
    made = document.json()
    assert set(REFERENCE.findall(document.text)) <= set(made["components"]["schemas"])
    names = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


def test_bodies_and_errors_are_described(document: httpx.Response) -> None:
    made = document.json()
    for path, operations in made["paths"].items():
        for verb, operation in operations.items():
            assert "422" not in operation["responses"]
            assert "default" in operation["responses"]
            bodiless = path.endswith("/cancel")
            assert ("requestBody" in operation) == (verb in {"post", "put"} and not bodiless), path
    change = made["components"]["schemas"]["ConnectorChange"]
    assert {"id", "config", "authConfig", "status"} <= set(change["properties"])
    assert "required" not in change


def test_the_page_fetches_nothing_and_names_every_path(served: Served, document: httpx.Response) -> None:
    page = httpx.get(f"{served.url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r'(?:src|href)="(?!/api/v1/openapi\.json")', page.text)
    assert "<script" not in page.text
    assert all(path in page.text for path in document.json()["paths"])


def test_metrics_have_templates_for_labels(served: Served, tenant: Tenant) -> None:
    tenant.viewer.get("/connectors/conn_secretname")
    tenant.viewer.get("/nowhere/secretname")
    text = httpx.get(f"{served.url}/metrics").text
    assert 'route="/api/v1/connectors/{connector_id}",status="404"' in text
    assert 'route="unmatched",status="404"' in text
    assert "secretname" not in text
    counted = re.search(r'seconds_count\{route="/healthz"\} (\d+)', httpx.get(f"{served.url}/metrics").text)
    assert counted is None or int(counted[1]) > 0


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({"api_docs": "off"}, False),
        ({"api_docs": "on", "api_host": "0.0.0.0"}, True),  # noqa: S104  a setting that is not listened on
        ({"api_docs": "auto", "api_host": "0.0.0.0"}, False),  # noqa: S104  as above
        ({"api_docs": "auto", "api_host": "::1"}, True),
    ],
)
def test_the_settings_decide_whether_they_are_served(
    tmp_path: Path, given: dict[str, str], there: bool
) -> None:
    registry = Registry.open(settings.load(tmp_path, **given))
    with serving(create_app(registry, closes=True)) as url:
        for path in ("/docs", "/metrics", "/api/v1/openapi.json"):
            answer = httpx.get(f"{url}{path}")
            assert answer.status_code == (200 if there else 404)
        assert httpx.get(f"{url}/healthz").status_code == 200
        patched = httpx.patch(f"{url}/api/v1/connectors")
        assert patched.headers["allow"] == "DELETE, GET, POST, PUT"
