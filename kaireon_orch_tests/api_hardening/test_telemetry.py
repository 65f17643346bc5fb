"""Metrics, logs and traces of a running server: what they tell, and what they never tell."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families as parsed

from kaireon_orch.store.tables import Run
from kaireon_orch_tests.api.conftest import Api
from kaireon_orch_tests.api_hardening import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.registry import Registry

CANARY = "canary-4711"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = processes.prepared(tmp_path)
    yield opened
    opened.close()


def samples(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    answer = httpx.get(f"{url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in parsed(answer.text)
        for sample in family.samples
    }


def run(number: int, status: str, rows: int) -> Run:
    given = {"tenant": "default", "pipeline_id": "pipe_x", "trigger": "cli", "load_mode": "append"}
    return Run(
        id=f"r{number}", status=status, rows_read=rows, rows_loaded=rows, queued_at=1, updated_at=1, **given
    )


def test_metrics_count_requests_tests_breakers_runs_and_rows(tmp_path: Path, registry: Registry) -> None:
    key = processes.key_of(registry, "admin")
    with registry.database.write() as session:
        session.add_all([run(1, "completed", 7), run(2, "completed", 5), run(3, "failed", 0)])
    with (
        processes.running(tmp_path, KAIREON_BREAKER_FAILURES="1", KAIREON_EGRESS_ALLOW="127.0.0.1") as api,
        Api(api.url, key) as client,
    ):
        for name in (CANARY, "second"):
            client.made("/connectors", name=name, type="csv")
        client.get(f"/connectors/{CANARY}")
        client.request(CANARY.replace("-", "").upper(), "/connectors")
        config = {"host": "127.0.0.1", "port": 9, "database": "d"}
        record = client.made("/connectors", name="x", type="postgresql", config=config)["id"]
        client.post("/connectors/test", json={"id": record})
        client.post("/connectors/test", json={"type": "braze"})
        client.post("/connectors/test", json={"type": CANARY})
        found = samples(api.url)
        assert CANARY not in httpx.get(f"{api.url}/metrics").text
    assert found["kaireon_http_requests_total", ("POST", "/api/v1/connectors", "201")] == 3
    assert found["kaireon_http_requests_total", ("GET", "/api/v1/connectors/{connector_id}", "404")] == 1
    assert found["kaireon_http_request_seconds_count", ("POST", "/api/v1/connectors")] == 3
    assert found["kaireon_connector_tests_total", ("REFUSED", "postgresql")] == 1
    assert found["kaireon_connector_tests_total", ("MISSING_FIELDS", "braze")] == 1
    assert found["kaireon_breakers", ("open",)] == 1
    assert found["kaireon_runs", ("completed",)] == 2
    assert found["kaireon_runs", ("running",)] == 0
    assert found["kaireon_rows_total", ("loaded",)] == 12
    assert found["kaireon_registry_up", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_requests_line_has_its_id_and_tenant_and_no_secret(
    tmp_path: Path, registry: Registry, form: str
) -> None:
    key = processes.key_of(registry, "admin", "acme")
    with processes.running(tmp_path, KAIREON_LOG_FORMAT=form) as api:
        with Api(api.url, key) as client:
            body = {
                "name": CANARY,
                "type": "postgresql",
                "authMethod": "password",
                "authConfig": {"password": CANARY},
            }
            headers = {"X-Request-Id": "the-creation", "X-Odd": CANARY, "Cookie": CANARY}
            assert client.post(f"/connectors?note={CANARY}", json=body, headers=headers).status_code == 201
            client.post(
                "/connectors", content=f'{{"{CANARY}'.encode(), headers={"X-Request-Id": "the-refusal"}
            )
        api.stop()
        said = api.log.read_text()
    assert CANARY not in said
    assert key not in said
    lines = said.splitlines()
    creation = next(line for line in lines if "the-creation" in line)
    if form == "text":
        assert re.search(r"requestId=the-creation tenant=acme method=POST path=/api/v1/connectors ", creation)
        assert re.search(r"status=201 durationMs=[\d.]+$", creation)
    else:
        told = [json.loads(line) for line in lines if line.startswith("{")]
        assert len(told) >= len(lines) - 1  # before them the place of the first admin key
        one = json.loads(creation)
        assert {"at", "level", "logger", "message"} <= set(one)
        assert (one["requestId"], one["tenant"], one["status"]) == ("the-creation", "acme", 201)
        assert any(each.get("requestId") == "the-refusal" and each["status"] == 400 for each in told)


def test_a_level_silences_the_lines(tmp_path: Path, registry: Registry) -> None:
    key = processes.key_of(registry, "viewer")
    with processes.running(tmp_path, KAIREON_LOG_LEVEL="warning") as api:
        httpx.get(f"{api.url}/api/v1/connectors", headers={"X-API-Key": key, "X-Request-Id": "unsaid"})
        assert "unsaid" not in api.log.read_text()


class Collector(BaseHTTPRequestHandler):
    """The receiving end of OTLP over HTTP; `spans` is what came."""

    spans: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_given: object) -> None:
        """Nothing: the tests' own output stays readable."""


@contextmanager
def collecting() -> Iterator[str]:
    Collector.spans.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_spans_are_exported_where_an_exporter_is_named(tmp_path: Path, registry: Registry) -> None:
    key = processes.key_of(registry, "admin", "acme")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collecting() as endpoint:
        with processes.running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as api:
            with Api(api.url, key) as client:
                headers = {"X-Request-Id": "traced", "traceparent": parent}
                assert client.get(f"/connectors/{CANARY}?q={CANARY}", headers=headers).status_code == 404
            api.stop()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not Collector.spans:
            time.sleep(0.05)
    span = next(each for each in Collector.spans if attributes(each).get("kaireon.request_id") == "traced")
    assert span.name == "GET /api/v1/connectors/{connector_id}"
    assert span.trace_id.hex() == parent.split("-")[1]
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.route": "/api/v1/connectors/{connector_id}",
        "http.response.status_code": 404,
        "kaireon.tenant": "acme",
        "kaireon.request_id": "traced",
    }
    assert CANARY not in str(Collector.spans)
