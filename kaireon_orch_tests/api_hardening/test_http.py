"""HTTP at its edges: methods, media types, odd bytes in bodies and paths."""

import json
import socket

import pytest

from kaireon_orch_tests.api.conftest import Served, Tenant
from kaireon_orch_tests.api_hardening.bodies import bad, refused

BODIES = {
    "nothing": b"",
    "blanks": b" \n ",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"a"',
    "a mark first": b"\xef\xbb\xbf{}",
    "NaN": b'{"name":NaN}',
    "a name twice": b'{"name":"a","name":"b"}',
    "depth": b'{"config":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "lists in lists": b"[" * 200_000,
    "half a pair": b'{"name":"\\ud800"}',
    "half a pair in a key": b'{"config":{"\\udfff":1}}',
    "NUL": b'{"name":"a\\u0000"}',
    "a long number": b'{"a":' + b"9" * 10_000 + b"}",
    "infinity": b'{"a":1e999}',
    "latin": b'{"name":"\xe9"}',
    "more": b"{} x",
    "a comment": b"{/**/}",
}
WRITERS = [
    "POST /connectors",
    "PUT /connectors",
    "POST /connectors/test",
    "POST /pipelines",
    "PUT /pipelines",
    "POST /api-keys",
]


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("call", WRITERS)
def test_bodies_that_are_no_object(tenant: Tenant, call: str, kind: str) -> None:
    verb, path = call.split()
    answer = tenant.admin.request(
        verb, path, content=BODIES[kind], headers={"Content-Type": "application/json"}
    )
    bad(answer)


@pytest.mark.parametrize(
    ("media", "accepted"),
    [
        ("application/json", True),
        ("application/json; charset=UTF-8", True),
        ("application/json;charset=utf8", True),
        ('application/json; charset="utf-8"', True),
        ("Application/JSON ; Charset=Utf-8", True),
        ("application/merge-patch+json", True),
        ("application/json; charset=utf-16", False),
        ("text/json", False),
        ("text/plain", False),
        ("application/jsonx", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("", False),
    ],
)
def test_media_types(tenant: Tenant, media: str, accepted: bool) -> None:
    body = json.dumps({"name": "x", "type": "csv"})
    answer = tenant.editor.post("/connectors", content=body, headers={"Content-Type": media})
    if accepted:
        assert answer.status_code == 201
    else:
        assert refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE") == []


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["/connectors", "/connectors/conn_x", "/connectors/test", "/audit-logs", "/connector-types"]
)
def test_methods_that_no_path_has(tenant: Tenant, method: str, path: str) -> None:
    answer = tenant.admin.request(method, path)
    assert refused(answer, 405, "METHOD_NOT_ALLOWED") == []
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "record",
    ["%00", "..%2f", "%2e%2e", "x" * 5000, "%F0%9F%98%80", "%ff", "a%27%20OR%201=1", "%0a", "%20", "null"],
)
def test_odd_ids_are_not_there(tenant: Tenant, record: str) -> None:
    for verb, path in (
        ("GET", "connectors"),
        ("PUT", "connectors"),
        ("DELETE", "connectors"),
        ("GET", "pipelines"),
        ("GET", "runs"),
        ("DELETE", "api-keys"),
    ):
        answer = tenant.admin.request(verb, f"/{path}/{record}", json={} if verb == "PUT" else None)
        assert answer.status_code in {400, 404}, answer.text
        assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]
    assert tenant.admin.get("/audit-logs/verify").json()["intact"] is True


def test_a_large_body_is_refused_before_it_is_read(tenant: Tenant, served: Served) -> None:
    host, _, port = served.url.removeprefix("http://").partition(":")
    head = f"POST /api/v1/connectors HTTP/1.1\r\nHost: x\r\nX-API-Key: {tenant.secrets['editor']}\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"{head}Content-Length: 999999999999\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 413 ")
    answer = tenant.editor.post("/connectors", content=b"x" * 20_000_000)
    assert refused(answer, 413, "PAYLOAD_TOO_LARGE") == []


def test_reads_ignore_bodies(tenant: Tenant) -> None:
    assert tenant.viewer.request("GET", "/connectors", content=b"not JSON").status_code == 200
