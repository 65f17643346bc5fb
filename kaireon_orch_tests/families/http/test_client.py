"""The client in a real guarded child, against real servers."""

from __future__ import annotations

import gzip
import socket
import time
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http.transport import Clock, GuardedStream
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.network.refusals import Refusals
from kaireon_orch_tests.families.http.conftest import Asker, allowing
from kaireon_orch_tests.families.http.site import Answer, Handler, Site, endless, redirect, served, status

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.families.http.certificates import Authority

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def test_what_goes_out_is_ours_and_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.answers["/a"] = status(200, b"hello", Set_Cookie="canary=1")
    url = site.url("/a?q=1")
    told = Asker(allowing(site))(
        url, {"url": url, "headers": {"host": "x", "Accept-Encoding": "gzip", "TE": "x"}}
    )
    assert [(one["status"], one["text"]) for one in told] == [(200, "hello")] * 2
    assert told[0]["headers"]["set-cookie"] == "canary=1"
    expected = {
        "Host": f"127.0.0.1:{site.port}",
        "User-Agent": "kaireon-orch",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    assert [asked.headers for asked in site.asked] == [expected, expected]


@pytest.mark.parametrize(
    ("code", "fault", "retryable"),
    [
        (400, "UNEXPECTED", False),
        (401, "CREDENTIALS_REFUSED", False),
        (403, "NOT_PERMITTED", False),
        (404, "OBJECT_MISSING", False),
        (410, "OBJECT_MISSING", False),
        (429, "BUSY", True),
        (500, "UNEXPECTED", True),
        (503, "BUSY", True),
        (302, "UNEXPECTED", False),
    ],
)
def test_status_codes_become_faults(
    statuses: dict[int, tuple[str, bool]], code: int, fault: str, retryable: bool
) -> None:
    assert statuses[code] == (fault, retryable)


@pytest.fixture(scope="module")
def statuses() -> dict[int, tuple[str, bool]]:
    """What each status became: (code, retryable); all asked by one child."""
    codes = (302, 400, 401, 403, 404, 410, 429, 500, 503)
    with served() as site:
        for code in codes:
            site.answers[f"/{code}"] = status(code, b"canary body")
        told = Asker(allowing(site))(*(site.url(f"/{code}") for code in codes))
    assert all("canary" not in one["message"] for one in told)
    return {code: (one["code"], one["retryable"]) for code, one in zip(codes, told, strict=True)}


def test_a_probe_asks_by_head_and_by_get_only_where_head_is_refused(site: Site) -> None:
    def get_only(refusal: int) -> Answer:
        return lambda handler: handler.say(refusal if handler.command == "HEAD" else 200, b"x" * 10)

    site.answers["/head"] = status(200, b"body")
    for code in (403, 405, 501):
        site.answers[f"/{code}"] = get_only(code)
    site.answers["/busy"] = status(503)
    paths = ("/head", "/403", "/405", "/501", "/busy", "/none")
    told = Asker(allowing(site))(*({"url": site.url(path), "probe": True} for path in paths))
    assert told[:4] == [{"probed": True}] * 4
    assert [one["code"] for one in told[4:]] == ["BUSY", "OBJECT_MISSING"]
    both = ["HEAD", "GET"]
    assert [site.methods(path) for path in paths] == [["HEAD"], both, both, both, ["HEAD"], both]


def test_redirects_have_an_end_and_a_direction(site: Site, secure: Site, authority: Authority) -> None:
    for at in range(7):
        site.answers[f"/{at}"] = redirect(f"{at + 1}", 307)
    site.answers["/7"] = status(200, b"end")
    site.answers["/loop"] = redirect("/loop")
    site.answers["/elsewhere"] = redirect("gopher://127.0.0.1/")
    site.answers["/user"] = redirect(f"http://u:canary@127.0.0.1:{site.port}/7")
    site.answers["/up"] = redirect(secure.url("/down"))
    secure.answers["/down"] = redirect(site.url("/7"))
    asker = Asker(allowing(site, secure), client={"ca_certificate": authority.certificate.read_text()})
    told = asker(*(site.url(path) for path in ("/2", "/1", "/loop", "/elsewhere", "/user", "/up")))
    assert told[0]["text"] == "end"
    codes = [one["code"] for one in told[1:]]
    assert codes == ["UNEXPECTED", "UNEXPECTED", "ADDRESS_BLOCKED", "ADDRESS_BLOCKED", "UNEXPECTED"]
    assert site.methods("/loop") == ["GET"] * 6
    assert site.methods("/7") == ["GET"]
    assert len(secure.asked) == 1
    assert "canary" not in str(told)


def test_a_redirect_to_a_blocked_address_is_not_followed(site: Site, other: Site) -> None:
    for at, host in enumerate(("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0")):  # noqa: S104  a target
        site.answers[f"/{at}"] = redirect(f"http://{host}:{other.port}/x")
    site.answers["/4"] = redirect("http://169.254.169.254/latest/meta-data/")
    site.answers["/5"] = redirect("http://127.1/")
    told = Asker(allowing(site))(*(site.url(f"/{at}") for at in range(6)))
    assert [one["code"] for one in told] == ["ADDRESS_BLOCKED"] * 6
    assert other.asked == []


def test_credentials_stay_with_their_origin(site: Site, other: Site) -> None:
    site.answers |= {"/same": redirect("/end"), "/away": redirect(other.url("/end"))}
    site.answers |= {
        "/end": status(200),
        "/back": redirect(other.url("/back")),
        "/401": redirect(other.url("/401")),
    }
    other.answers |= {"/end": status(200), "/back": redirect(site.url("/end")), "/401": status(401)}
    secrets = {
        "for": site.url(),
        "headers": {"Authorization": "Bearer canary", "X-Shop-Token": "canary"},
        "params": {"api_key": "canary"},
    }
    given = {"headers": {"X-API-Key": "canary", "Cookie": "canary", "Accept": "text/csv"}}
    asker = Asker(allowing(site, other))
    paths = ("/same", "/away", "/back", "/401")
    told = asker(*({"url": site.url(path), **given} for path in paths), other.url("/end"), secrets=secrets)
    assert [one.get("status", one.get("code")) for one in told] == [200, 200, 200, "CREDENTIALS_REFUSED", 200]
    assert "redirect" in told[3]["message"]
    assert "canary" not in str([(asked.path, asked.headers) for asked in other.asked])
    assert all(asked.headers["Accept"] == "text/csv" for asked in other.asked[:3])
    same, end, away, back, end_again, gone = site.asked
    for asked in (same, end, away, back, gone):
        assert asked.path.endswith("?api_key=canary")
        assert list(asked.headers.values()).count("canary") == 3
        assert asked.headers["Authorization"] == "Bearer canary"
    assert "canary" not in str(end_again)


def test_a_body_follows_no_redirect_to_another_origin(site: Site, other: Site) -> None:
    site.answers |= {"/307": redirect(other.url("/"), 307), "/308": redirect("/post", 308)}
    site.answers |= {
        "/303": redirect("/post", 303),
        "/post": lambda handler: handler.say(200, handler.command.encode()),
    }
    asks = ({"url": site.url(path), "method": "POST", "body": "canary"} for path in ("/307", "/308", "/303"))
    told = Asker(allowing(site, other))(*asks)
    assert told[0]["code"] == "UNEXPECTED"
    assert [one["text"] for one in told[1:]] == ["POST", "GET"]
    assert [asked.body for asked in site.asked if asked.path == "/post"] == [b"canary", b""]
    assert other.asked == []


def test_bodies_and_headers_have_caps(site: Site) -> None:
    bomb = gzip.compress(bytes(1 << 22))
    site.answers["/bomb"] = status(200, bomb, Content_Encoding="gzip")
    site.answers["/large"] = status(200, bytes(2000))
    site.answers["/chunks"] = endless(CHUNKED, b"400\r\n" + bytes(1024) + b"\r\n", 0)
    site.answers["/headers"] = endless(OK, b"X-A: b\r\n" * 500, 0)
    site.answers["/header"] = endless(OK + b"X-A: ", b"b" * 4096, 0)
    site.answers["/interim"] = endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0)
    site.answers["/trailers"] = endless(CHUNKED + b"0\r\n", b"X-A: b\r\n" * 500, 0)
    site.answers["/words"] = endless(b"", b"220 smtp ready\r\n", 0)
    site.answers["/short"] = lambda handler: _raw(handler, OK + b"Content-Length: 10\r\n\r\nabc")
    site.answers["/silent"] = lambda handler: _raw(handler, b"")
    started = time.monotonic()
    asker = Asker(allowing(site))
    paths = (
        "/large",
        "/chunks",
        "/headers",
        "/header",
        "/interim",
        "/trailers",
        "/words",
        "/short",
        "/silent",
    )
    raw, *told = asker(site.url("/bomb"), *({"url": site.url(path), "most": 1500} for path in paths))
    assert raw["text"].encode("latin-1") == bomb
    assert {path: one["code"] for path, one in zip(paths, told, strict=True)} == dict.fromkeys(
        paths, "UNEXPECTED"
    )
    assert time.monotonic() - started < 10


def ended(asker: Asker, url: str) -> str:
    """The code of the fault, told by the child or, where it was late itself, by its parent."""
    try:
        (told,) = asker(url)
    except Fault as fault:
        return fault.code
    return str(told["code"])


@pytest.mark.parametrize(
    "answer",
    [
        endless(CHUNKED, b"1\r\nx\r\n", 0.05),
        endless(OK, b"X-A: b\r\n", 0.05),
        endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05),
    ],
    ids=["body", "headers", "interim"],
)
def test_a_slow_drip_meets_the_one_deadline(site: Site, answer: Answer) -> None:
    site.answers["/"] = answer
    started = time.monotonic()
    assert ended(Asker(allowing(site), deadline=1.2), site.url("/")) == "DEADLINE"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "answer", [endless(OK, b"X-A: b\r\n", 0.05), endless(b"", b"", 10)], ids=["drip", "silence"]
)
def test_a_reserve_ends_requests_before_the_deadline(site: Site, answer: Answer) -> None:
    site.answers["/"] = answer
    (told,) = Asker(allowing(site), deadline=10, client={"reserve": 8.5})(site.url("/"))
    assert told["code"] == "TIMED_OUT"


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (told,) = Asker(Policy(rules=parse_rules([f"127.0.0.1:{port}"])))(f"http://127.0.0.1:{port}/")
    assert (told["code"], told["retryable"]) == ("REFUSED", True)


def test_tls_is_verified(secure: Site, site: Site, authority: Authority) -> None:
    with (
        served(authority.context("localhost", days=0)) as expired,
        served(authority.context("other.example")) as named,
    ):
        for one in (secure, expired, named):
            one.answers["/"] = status(200, b"ok")
        urls = [
            secure.url("/", host="localhost"),
            secure.url("/"),
            expired.url("/", host="localhost"),
            named.url("/"),
        ]
        plain = f"https://127.0.0.1:{site.port}/"
        policy = allowing(secure, expired, named, site)
        untrusted = Asker(policy)(*urls[:2])
        trusted = Asker(policy, client={"ca_certificate": authority.certificate.read_text()})(*urls, plain)
    assert [one["code"] for one in untrusted] == ["TLS_FAILED"] * 2
    assert [one.get("text", one.get("code")) for one in trusted] == ["ok", "ok", *["TLS_FAILED"] * 3]
    assert "expired" in trusted[2]["message"]
    assert "another address" in trusted[3]["message"]
    assert secure.asked[0].headers["Host"] == f"localhost:{secure.port}"


def test_an_authority_that_is_no_certificate_is_refused(site: Site) -> None:
    with pytest.raises(Fault) as caught:
        Asker(allowing(site), client={"ca_certificate": "canary"})(site.url("/"))
    assert caught.value.fault is FaultCode.TLS_FAILED
    assert "canary" not in caught.value.message


def test_plain_http_can_be_refused(tmp_path: Path) -> None:
    door = ChildDoor(Policy(), Deadline.after(5), Refusals.beside(tmp_path), kernel=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = GuardedStream(ours, "public.example", Clock(door), tls_only=True)
        with pytest.raises(Fault) as caught:
            stream.write(b"GET / HTTP/1.1")
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


def test_a_header_cannot_be_split(site: Site) -> None:
    asks = [
        {"url": site.url("/"), "headers": {name: value}}
        for name, value in [("X-A", "b\r\nX-B: c"), ("X-A", "ü")]
    ]
    told = Asker(allowing(site))(*asks)
    assert [one["code"] for one in told] == ["MISSING_FIELDS"] * 2
    assert site.asked == []


def test_a_download_is_read_twice_and_has_a_cap(site: Site) -> None:
    site.answers["/"] = status(200, b"0123456789")
    told = Asker(allowing(site))({"url": site.url("/"), "keep": 10}, {"url": site.url("/"), "keep": 9})
    assert told[0]["kept"] == ["0123456789", "789"]
    assert told[1]["code"] == "BAD_DATA"


def test_connections_are_kept_and_a_stale_one_is_replaced(site: Site) -> None:
    def once(handler: Handler) -> None:
        handler.say(200, str(handler.client_address[1]).encode())
        handler.close_connection = handler.path == "/last"

    def late(handler: Handler) -> None:
        time.sleep(0.2)
        handler.say(200)

    site.answers |= {"/": once, "/last": once, "/wait": late}
    told = Asker(allowing(site))(*(site.url(path) for path in ("/", "/last", "/wait", "/")))
    assert told[0]["text"] == told[1]["text"] != told[3]["text"]


def _raw(handler: Handler, data: bytes) -> None:
    handler.close_connection = True
    handler.wfile.write(data)
