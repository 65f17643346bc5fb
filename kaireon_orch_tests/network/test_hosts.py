from __future__ import annotations

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.guard import Policy, host_problem, normalise_host, parse_rules

BAD_SPELLINGS = [
    *("0", "127.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f.1", "127.00.00.01", "00000127.0.0.1"),
    *("0x7f000001", "1.2.3.0x4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x", "127.0.0.1.0x", "example.com.1"),
    *("", ".", "..", "a..b", "example.com..", "-a.example.com", "a-.example.com", "a" * 64 + ".example.com"),
    *(
        ".".join(["a" * 60] * 5),
        "[::1]",
        "fe80::1%eth0",
        "user@example.com",
        "example.com/x",
        "example.com\\x",
    ),
    *("example.com?x", "example.com#x", "exa mple.com", "example.com\t", "example.com\n", "example.com\x00"),
    *(
        "example.com:80",
        "::1:",
        ":::",
        "http://example.com",
        "a,b",
        "exa\u2100mple.com",
        "example.com\uff0fx",
        "a\uff05b",
    ),
    *("*.example.com", "\u200d.example.com", "xn--a.example.com"),
]
ADDRESS_IN_DISGUISE = [
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "127.0.0.1.",
    "127\uff0e0\uff0e0\uff0e1",
]


@pytest.mark.parametrize("host", BAD_SPELLINGS)
def test_a_spelling_that_no_host_has_is_refused_in_words(host: str) -> None:
    assert host_problem(host)
    with pytest.raises(Fault) as caught:
        normalise_host(host)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


@pytest.mark.parametrize("host", ADDRESS_IN_DISGUISE)
def test_a_disguised_address_is_judged_as_the_address(host: str) -> None:
    assert normalise_host(host) == "127.0.0.1"
    with pytest.raises(Fault):
        Policy().judge_host(host, 5432)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("ⓛocalhost", "localhost"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("my_db.example", "my_db.example"),
        ("8.8.8.8", "8.8.8.8"),
        ("2A00:0:0::1", "2a00::1"),
        ("1password.example", "1password.example"),
    ],
)
def test_hosts_are_normalised(host: str, name: str) -> None:
    assert normalise_host(host) == name


LOCAL_NAMES = [
    *("localhost", "LOCALHOST.", "ⓛocalhost", "a.localhost", "ip6-localhost", "printer.local", "db.internal"),
    *("host.docker.internal", "metadata", "metadata.google.internal", "metadata.goog", "instance-data"),
    *(
        "instance-data.ec2.internal",
        "metadata.tencentyun.com",
        "kubernetes.default",
        "kubernetes.default.svc",
    ),
    "kubernetes.default.svc.cluster.local",
]


@pytest.mark.parametrize("host", LOCAL_NAMES)
def test_local_names_are_refused_before_any_look_up(host: str) -> None:
    with pytest.raises(Fault) as caught:
        Policy().judge_host(host, 80)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
    assert host in caught.value.message


@pytest.mark.parametrize("host", LOCAL_NAMES)
def test_local_names_pass_when_the_operator_named_them(host: str) -> None:
    policy = Policy(rules=parse_rules([f"{host}:80"]))
    assert policy.judge_host(host, 80) == normalise_host(host)
    with pytest.raises(Fault):
        policy.judge_host(host, 81)


def test_localhost_passes_where_its_address_is_allowed() -> None:
    policy = Policy(rules=parse_rules(["127.0.0.1:5432"]))
    assert policy.judge_host("localhost", 5432) == "localhost"
    with pytest.raises(Fault):
        policy.judge_host("db.internal", 5432)


def test_private_metadata_and_local_names_are_refused_in_the_same_words() -> None:
    hosts = ["10.0.0.1", "169.254.169.254", "localhost", "db.internal"]
    assert {_words(host).replace(host, "") for host in hosts} == {
        " is not a public address; the operator can allow it in KAIREON_EGRESS_ALLOW"
    }


def _words(host: str) -> str:
    with pytest.raises(Fault) as caught:
        Policy().judge_host(host, 80)
    return caught.value.message
