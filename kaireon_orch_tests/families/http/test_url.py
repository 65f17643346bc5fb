"""URLs: one parser, one spelling, and what is refused."""

from __future__ import annotations

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http.url import parse_url


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("http://Example.COM", "example.com", "/"),
        ("HTTPS://example.com:443/a?b#c", "example.com", "/a?b"),
        ("https://example.com.:8443/", "example.com:8443", "/"),
        ("http://example.com:/x", "example.com", "/x"),
        ("http://[2001:DB8::0:1]:8080/x", "[2001:db8::1]:8080", "/x"),
        (
            "https://bücher.example/ä b/%C3%A4?q=ü&x=%20+",
            "xn--bcher-kva.example",
            "/%C3%A4%20b/%C3%A4?q=%C3%BC&x=%20+",
        ),
        ("https://example。com/", "example.com", "/"),
        ("https://example.com?q=1", "example.com", "/?q=1"),
        ("https://example.com/a//b/../c", "example.com", "/a//b/../c"),
        ("https://example.com/q?to=http://u:p@h/", "example.com", "/q?to=http://u:p@h/"),
    ],
)
def test_a_url_is_rebuilt_from_its_parts(text: str, authority: str, target: str) -> None:
    url = parse_url(text)
    assert (url.authority, url.target) == (authority, target)
    assert parse_url(f"{url.scheme}://{url.authority}{url.target}") == url


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "http:example.com",
        "http:/example.com",
        "http://",
        "http:///path",
        "http://user:canary@example.com/",
        "http://user@example.com/",
        "http://public.example@127.0.0.1/",
        "http://public.example\\@127.0.0.1/",
        "http://public.example\\.other.example/",
        "http://exa\tmple.com/",
        "http://example.com/a\nb",
        "http://example.com/\x00",
        " http://example.com/",
        "http://example.com%2f@other/",
        "http://example.com%00.other/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://[::1",
        "http://[example.com]/",
        "http://[fe80::1%25eth0]/",
        "http://a:b:c/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:+80/",
        "http://example.com:٨٠/",
        "http://example.com\uff0fpath@other/",
        *(
            f"http://example.com:{port}/"
            for port in (22, 25, 53, 110, 143, 445, 3306, 5432, 6379, 9092, 11211, 27017)
        ),
    ],
)
def test_what_no_two_parsers_read_alike_is_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_url(text)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("reference", "scheme", "authority", "target"),
    [
        ("next?page=2", "https", "example.com:8443", "/v1/next?page=2"),
        ("/root", "https", "example.com:8443", "/root"),
        ("../up", "https", "example.com:8443", "/up"),
        ("//other.example/x", "https", "other.example", "/x"),
        ("http://other.example", "http", "other.example", "/"),
        (" /space around ", "https", "example.com:8443", "/space%20around"),
    ],
)
def test_a_reference_is_resolved(reference: str, scheme: str, authority: str, target: str) -> None:
    url = parse_url("https://example.com:8443/v1/orders?page=1").join(reference)
    assert (url.scheme, url.authority, url.target) == (scheme, authority, target)


@pytest.mark.parametrize("reference", ["javascript:1", "file:///x", "\\\\other\\x", "//u@h/", "/a\tb"])
def test_a_reference_to_elsewhere_is_refused(reference: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_url("https://example.com/").join(reference)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


def test_parameters_are_added_and_secrets_stay_out_of_repr() -> None:
    url = parse_url("https://example.com/?a=1").with_params({"api_key": "canary &"})
    assert url.target == "/?a=1&api_key=canary+%26"
    assert "canary" not in repr(url)
