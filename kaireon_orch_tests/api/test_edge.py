"""What every answer has in common: ids, envelopes, and no failure that shows its inside."""

import logging
import socket
import time

import httpx
import pytest
from fastapi import FastAPI

from api import problems
from api.bodies import LIMIT_BYTES
from api.edge import Edge
from api.metrics import Meter
from kaireon_orch_tests.api.conftest import Api, Served, Tenant, serving

SECRET = "hunter2-canary"


def error_of(answer: httpx.Response) -> dict[str, object]:
    """The envelope's inside, after a look at its form."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "status", "details", "requestId"}
    assert error["status"] == answer.status_code
    assert error["requestId"] == answer.headers["x-request-id"]
    found: dict[str, object] = error
    return found


def test_a_request_id_is_made_or_echoed(tenant: Tenant) -> None:
    first, second = (tenant.viewer.get("/connectors").headers["x-request-id"] for _ in range(2))
    assert first != second
    echoed = tenant.viewer.get("/connectors", headers={"X-Request-Id": "trace-1:a.b"})
    assert echoed.headers["x-request-id"] == "trace-1:a.b"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", "<script>", "ä".encode("latin-1")])
def test_an_odd_request_id_is_replaced(anonymous: Api, given: str | bytes) -> None:
    raw = given if isinstance(given, bytes) else given.encode()
    answer = anonymous.get("/connectors", headers={b"X-Request-Id": raw})
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "path", ["/", "/api/v1", "/api/v2/connectors", "/api/v1/connectors/", "/api/v1/x/y/z"]
)
def test_unknown_paths_have_the_envelope(served: Served, path: str) -> None:
    answer = httpx.get(f"{served.url}{path}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/connectors", "DELETE, GET, POST, PUT"),
        ("POST", "/connectors/conn_x", "DELETE, GET, PUT"),
        ("DELETE", "/audit-logs", "GET"),
        ("PUT", "/audit-logs", "GET"),
        ("PATCH", "/audit-logs/aud_x", "GET"),
        ("DELETE", "/audit-logs/aud_x", "GET"),
        ("DELETE", "/runs/x", "GET"),
    ],
)
def test_other_methods_are_told_the_ones_there_are(
    tenant: Tenant, method: str, path: str, allowed: str
) -> None:
    answer = tenant.admin.request(method, path)
    assert answer.status_code == 405
    assert error_of(answer)["code"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"", None, 400, "BAD_REQUEST"),
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"[1]", "application/json", 400, "BAD_REQUEST"),
        (b'{"name": "a", "name": "b"}', "application/json", 400, "BAD_REQUEST"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", "application/json; charset=latin-1", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b" " * (LIMIT_BYTES + 1), "application/json", 413, "PAYLOAD_TOO_LARGE"),
    ],
)
def test_bodies_that_cannot_be_read(
    tenant: Tenant, content: bytes, content_type: str | None, status: int, code: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = tenant.editor.post("/connectors", content=content, headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)


def test_a_body_without_a_length_is_counted_as_it_comes(tenant: Tenant) -> None:
    chunks = (b"x" * 65536 for _ in range(17))
    answer = tenant.editor.post("/connectors", content=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=1.0",
        "limit=",
        "limit=-1",
        "limit=1e1",
        "limit=%201",
        "cursor=nope",
    ],
)
@pytest.mark.parametrize("path", ["/connectors", "/pipelines", "/runs", "/api-keys", "/audit-logs"])
def test_bad_pages_are_named(tenant: Tenant, path: str, query: str) -> None:
    answer = tenant.admin.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert error_of(answer)["details"][0]["field"] == query.partition("=")[0]  # type: ignore[index]


def test_unknown_parameters_are_ignored(tenant: Tenant) -> None:
    assert tenant.viewer.get("/connectors?surprise=1").status_code == 200


@pytest.mark.parametrize("path", ["/connectors?q=%00", "/connectors/%00", "/runs?status=a%00b"])
def test_nul_gets_no_further(tenant: Tenant, path: str) -> None:
    assert tenant.viewer.get(path).status_code == 400


def test_an_unforeseen_failure_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.add_middleware(Edge, meter=Meter())

    @app.get("/fails")
    def fails() -> None:
        words = f"password={SECRET}"
        raise RuntimeError(words)

    with serving(app) as url:
        answer = httpx.get(f"{url}/fails")
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "INTERNAL"
    assert SECRET not in answer.text
    assert SECRET not in caplog.text
    assert "RuntimeError in GET /fails" in caplog.text


def test_a_client_that_leaves_is_no_failure(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kaireon.api")
    _, _, port = tenant.url.rpartition(":")
    head = f"POST /api/v1/connectors HTTP/1.1\r\nHost: x\r\nX-API-Key: {tenant.secrets['editor']}\r\n"
    with socket.create_connection(("127.0.0.1", int(port))) as line:
        line.sendall(f"{head}Content-Length: 100\r\n\r\nhalf".encode())
        time.sleep(0.3)
    deadline = time.monotonic() + 5
    while "the client left" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "the client left" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
