"""CSV behind a URL: tested, looked into and read by real guarded children."""

from __future__ import annotations

import base64
import gzip
import io
import time
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
from kaireon_orch_tests.families.http.conftest import allowing
from kaireon_orch_tests.families.http.site import Site, endless, redirect, status

if TYPE_CHECKING:
    from kaireon_orch_tests.families.http.certificates import Authority
    from kaireon_orch_tests.families.http.site import Answer

CSV = b"id,zip\n1,007\n2,\n3,12\n"
ROWS = [{"id": 1, "zip": "007"}, {"id": 2, "zip": None}, {"id": 3, "zip": "12"}]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@dataclass
class Csv:
    """Jobs on one CSV connector; `checks` are those of the last probe."""

    policy: Policy
    config: dict[str, Any]
    auth: dict[str, Any] | None = None
    method: str = "none"
    checks: list[dict[str, Any]] = field(default_factory=list)

    def run(self, kind: str, *, deadline: float = 20, **payload: Any) -> dict[str, Any]:
        connector = {"type": "csv", "config": self.config, "authMethod": self.method, "auth": self.auth}
        done = run_job(
            kind,
            {"connector": connector} | payload,
            policy=self.policy,
            deadline=deadline,
            on_deadline=FaultCode.TIMED_OUT if kind == "probe" else FaultCode.DEADLINE,
            on_event=lambda event: self.checks.append(event["check"]),
        )
        return done.result

    def rows(self, limit: int = 10, **source: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.run("preview", source=source, limit=limit)["rows"]
        return rows

    def fault(self, kind: str = "probe", **payload: Any) -> FaultCode:
        with pytest.raises(Fault) as caught:
            self.run(kind, **payload)
        assert "canary" not in caught.value.message
        return caught.value.fault


def test_a_probe_reaches_the_file_then_counts_its_rows(site: Site) -> None:
    site.answers["/orders.csv"] = status(200, CSV)
    csv = Csv(allowing(site), {"url": site.url("/orders.csv")})
    csv.run("probe")
    assert [(check["name"], check["ok"]) for check in csv.checks] == [("request", True), ("parse", True)]
    assert csv.checks[-1]["figures"] == {"rows": 3}
    assert site.methods("/orders.csv") == ["HEAD", "GET"]


def test_a_url_is_read_as_a_path_is(site: Site) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", "x\n1\n")
    site.answers |= {"/gz": redirect("/packed", 301), "/packed": status(200, gzip.compress(CSV))}
    site.answers["/zip"] = status(200, packed.getvalue())
    assert Csv(allowing(site), {"url": site.url("/gz")}).rows() == ROWS
    zipped = Csv(allowing(site), {"url": site.url("/zip")})
    assert zipped.run("read", source={"member": "a.csv"}, rowLimit=None) == {"rowsRead": 3}
    assert site.methods("/packed") == site.methods("/zip") == ["GET"]


def test_a_stream_is_named_after_the_file(site: Site) -> None:
    site.answers["/a/my%20orders.csv"] = status(200, CSV)
    page = Csv(allowing(site), {"url": site.url("/a/my orders.csv?token=canary")}).run(
        "discover", offset=0, limit=5
    )
    (stream,) = page["streams"]
    assert stream["name"] == "my orders"
    assert [(column["name"], column["arrowType"]) for column in stream["columns"]] == [
        ("id", "int64"),
        ("zip", "string"),
    ]


def test_a_token_goes_to_the_urls_own_server(site: Site, other: Site) -> None:
    site.answers["/"] = redirect(other.url("/"))
    other.answers["/"] = status(200, CSV)
    url = site.url("/")
    csv = Csv(allowing(site, other), {"url": url}, {"token": "canary"}, "bearer_token")
    csv.run("probe")
    assert {asked.headers.get("Authorization") for asked in site.asked} == {"Bearer canary"}
    assert {asked.headers.get("Authorization") for asked in other.asked} == {None}
    assert [check["name"] for check in csv.checks] == ["request", "parse"]


def test_without_its_token_a_probe_says_that_none_was_tried(site: Site) -> None:
    site.answers["/"] = status(200, CSV)
    csv = Csv(allowing(site), {"url": site.url("/")}, None, "bearer_token")
    csv.run("probe")
    assert (csv.checks[-1]["name"], csv.checks[-1]["ok"]) == ("login", None)


@pytest.mark.parametrize(
    ("path", "code", "step"),
    [
        ("/401", FaultCode.CREDENTIALS_REFUSED, "login"),
        ("/ragged", FaultCode.BAD_DATA, "sample"),
        ("/away", FaultCode.ADDRESS_BLOCKED, "resolve"),
    ],
)
def test_the_step_that_fails_is_told(site: Site, other: Site, path: str, code: FaultCode, step: str) -> None:
    site.answers |= {
        "/401": status(401),
        "/ragged": status(200, b"a,b\n1\n"),
        "/away": redirect(other.url("/")),
    }
    csv = Csv(allowing(site), {"url": site.url(path), "delimiter": ","})
    assert csv.fault() is code
    assert (csv.checks[-1]["name"], csv.checks[-1]["ok"]) == (step, False)
    assert other.asked == []


@pytest.mark.parametrize(
    ("userinfo", "sent"),
    [
        ("ann:canary", "ann:canary"),
        ("ann:p%40ss%2Fw%C3%B6rd", "ann:p@ss/wörd"),
        ("ann:a:b@c", "ann:a:b@c"),
        ("ann", "ann:"),
        (":canary", ":canary"),
    ],
)
def test_a_user_and_password_in_the_url_go_to_its_own_origin_alone(
    site: Site, other: Site, userinfo: str, sent: str
) -> None:
    site.answers |= {"/here": redirect("/orders.csv"), "/away": redirect(other.url("/orders.csv"))}
    for one in (site, other):
        one.answers["/orders.csv"] = status(200, CSV)
    for path in ("/here", "/away"):
        url = f"http://{userinfo}@127.0.0.1:{site.port}{path}"
        csv = Csv(allowing(site, other), {"url": url})
        assert csv.rows() == ROWS
        assert csv.run("discover", offset=0, limit=1)["streams"][0]["name"] == path[1:]
    basic = f"Basic {base64.b64encode(sent.encode()).decode()}"
    assert [asked.headers.get("Authorization") for asked in site.asked] == [basic] * len(site.asked)
    assert all("@" not in asked.headers["Host"] + asked.path for asked in site.asked)
    assert other.asked
    assert all("Authorization" not in asked.headers for asked in other.asked)


def test_a_token_goes_before_the_urls_own_password(site: Site) -> None:
    site.answers["/"] = status(200, CSV)
    url = f"http://u:canary@127.0.0.1:{site.port}/"
    assert Csv(allowing(site), {"url": url}, {"token": "t"}, "bearer_token").rows() == ROWS
    assert {asked.headers["Authorization"] for asked in site.asked} == {"Bearer t"}


def test_a_password_in_the_url_is_a_login_that_was_tried(site: Site) -> None:
    site.answers["/"] = status(200, CSV)
    csv = Csv(allowing(site), {"url": f"http://u:canary@127.0.0.1:{site.port}/"}, None, "bearer_token")
    csv.run("probe")
    assert [check["name"] for check in csv.checks] == ["request", "parse"]


@pytest.mark.parametrize("before", ["public.example@", "u:p@public.example@", "u:127.0.0.2@"])
def test_a_user_that_looks_like_a_host_is_none(site: Site, before: str) -> None:
    csv = Csv(Policy(), {"url": f"http://{before}127.0.0.1:{site.port}/"})
    assert csv.fault() is FaultCode.ADDRESS_BLOCKED
    backslash = Csv(allowing(site), {"url": f"http://public.example\\@127.0.0.1:{site.port}/"})
    assert backslash.fault() is FaultCode.ADDRESS_BLOCKED
    assert site.asked == []


def test_a_pattern_has_no_place_beside_a_url(site: Site) -> None:
    csv = Csv(allowing(site), {"url": site.url("/")})
    assert csv.fault("preview", source={"pattern": "a.csv"}, limit=1) is FaultCode.BAD_DATA


def test_a_slow_file_is_sampled_up_to_its_last_whole_row(site: Site) -> None:
    site.answers["/"] = by_method(endless(CHUNKED + chunk(b"1,"), chunk(b"x\n1,"), 0.02))
    csv = Csv(allowing(site), {"url": site.url("/"), "header": False})
    started = time.monotonic()
    csv.run("probe", deadline=3)
    assert time.monotonic() - started < 3
    assert csv.checks[-1]["figures"] == {}
    assert csv.checks[-1]["message"].endswith("there are more.")


def test_a_preview_needs_only_the_beginning(site: Site) -> None:
    site.answers["/"] = endless(CHUNKED, chunk((b"1," + b"x" * 97 + b"\n") * 20_000), 0)
    csv = Csv(allowing(site), {"url": site.url("/"), "header": False})
    assert len(csv.rows(limit=2)) == 2


@pytest.mark.parametrize("kind", ["probe", "read"])
def test_a_slow_drip_meets_the_deadline(site: Site, kind: str) -> None:
    site.answers["/"] = by_method(endless(CHUNKED, chunk(b"x"), 0.05))
    csv = Csv(allowing(site), {"url": site.url("/"), "delimiter": ","})
    started = time.monotonic()
    code = csv.fault(kind, deadline=1.8, **({"source": {}, "rowLimit": None} if kind == "read" else {}))
    assert code is (FaultCode.TIMED_OUT if kind == "probe" else FaultCode.DEADLINE)
    assert time.monotonic() - started < 3


def test_the_operators_authority_is_trusted(
    secure: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure.answers["/"] = status(200, CSV)
    csv = Csv(allowing(secure), {"url": secure.url("/", host="localhost")})
    assert csv.fault() is FaultCode.TLS_FAILED
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    assert csv.rows() == ROWS


def by_method(get: Answer) -> Answer:
    """HEAD is answered at once."""
    return lambda handler: handler.say(200) if handler.command == "HEAD" else get(handler)
