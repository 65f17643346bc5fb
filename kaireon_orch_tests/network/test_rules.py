from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from kaireon_orch.errors import SettingsError
from kaireon_orch.network.addresses import METADATA
from kaireon_orch.network.guard import Policy, parse_nat64, parse_rules


def allows(rules: list[str], address: str, port: int = 5432, nat64: tuple[str, ...] = ()) -> bool:
    return Policy(rules=parse_rules(rules), nat64=parse_nat64(nat64)).judge(ip_address(address), port)


@pytest.mark.parametrize(
    ("rule", "address", "port"),
    [
        ("10.0.0.0/8", "10.1.2.3", 1),
        ("10.0.0.0/8:5432", "10.1.2.3", 5432),
        ("10.1.2.3", "10.1.2.3", 1),
        ("10.1.2.3:5432", "10.1.2.3", 5432),
        ("fd00::/8", "fd12::1", 1),
        ("fd00::/8:5432", "fd12::1", 5432),
        ("[fd00::/8]:5432", "fd12::1", 5432),
        ("fd12::1", "fd12::1", 1),
        ("[fd12::1]", "fd12::1", 1),
        ("[fd12::1]:5432", "fd12::1", 5432),
        (" 10.1.2.3 ", "10.1.2.3", 1),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 1),
    ],
)
def test_a_rule_allows_what_it_says(rule: str, address: str, port: int) -> None:
    assert not allows([], address, port)
    assert allows([rule], address, port)


@pytest.mark.parametrize(
    ("rule", "address", "port"),
    [
        ("10.0.0.0/8:5432", "10.1.2.3", 5433),
        ("10.1.2.3", "10.1.2.4", 1),
        ("fd12::1", "fd12::2", 1),  # a bare IPv6 address is /128
        ("fd12::1", "fd12:0:1::1", 1),
        ("::/1", "::ffff:10.1.2.3", 1),  # a range of IPv6 does not widen what IPv4 may do
        ("::/1", "::10.1.2.3", 1),
        ("::/1", "::ffff:0:10.1.2.3", 1),
        ("::/1", "64:ff9b::10.1.2.3", 1),
        ("2000::/4", "2002:a01:203::", 1),
    ],
)
def test_a_rule_allows_no_more(rule: str, address: str, port: int) -> None:
    assert not allows([rule], address, port)


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_metadata_needs_its_exact_address(address: str) -> None:
    wide = ["0.0.0.0/1", "128.0.0.0/1", "8000::/1", "::/1"]
    assert not allows(wide, address)
    assert allows([address], address)
    assert not allows([f"[{address}]:80" if ":" in address else f"{address}:80"], address, 81)


def test_an_ipv6_form_of_a_metadata_address_is_metadata() -> None:
    assert not allows(["169.254.0.0/16"], "::ffff:169.254.169.254")
    assert not allows(["169.254.0.0/16"], "64:ff9b::a9fe:a9fe", nat64=("64:ff9b::/96",))
    assert not allows(["::/1"], "64:ff9b::a9fe:a9fe")
    assert allows(["169.254.169.254"], "::ffff:169.254.169.254")


def test_nat64_is_judged_by_what_it_embeds() -> None:
    assert allows([], "64:ff9b::808:808", nat64=("64:ff9b::/96",))
    assert not allows([], "64:ff9b::a00:1", nat64=("64:ff9b::/96",))
    assert allows(["10.0.0.0/8"], "64:ff9b::a00:1", nat64=("64:ff9b::/96",))
    assert not allows([], "2a00:1::a00:1", nat64=("2a00:1::/96",))


@pytest.mark.parametrize(
    "rule",
    [
        *("0.0.0.0/0", "::/0", "*", "*.example.com", "0.0.0.0/0:5432", "[::/0]:5432", "::/0:80", "0::0/0"),
        *("10.0.0.5/8", "10.0.0.0/33", "10.0.0.0/x", "10.1", "0x7f.1", "example.com:0", "example.com:65536"),
        *("example.com:x", "10.0.0.1:", "[fd00::1]:x", "http://example.com", "a b", "::ffff:10.0.0.1", "[x]"),
        *(
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::/48",
            "::10.0.0.1",
            "::ffff:0:0:0/96",
        ),
    ],
)
def test_a_rule_that_cannot_stand_is_named(rule: str) -> None:
    with pytest.raises(SettingsError, match="KAIREON_EGRESS_ALLOW") as caught:
        parse_rules(["10.0.0.0/8", rule])
    assert rule in caught.value.message


@pytest.mark.parametrize("prefix", ["64:ff9b::/97", "10.0.0.0/8", "x", "64:ff9b::1/96"])
def test_a_nat64_prefix_that_cannot_stand_is_named(prefix: str) -> None:
    with pytest.raises(SettingsError, match="KAIREON_NAT64_PREFIXES"):
        parse_nat64([prefix])


def test_our_own_services_are_refused_whatever_the_rules_say() -> None:
    policy = Policy(
        rules=parse_rules(["127.0.0.0/8", "10.0.0.0/8", "::1"]),
        denied=frozenset({("127.0.0.1", 3000), ("10.0.0.7", 5432)}),
    )
    assert policy.judge("127.0.0.1", 5432)
    assert policy.judge("10.0.0.8", 5432)
    for address, port in [("127.0.0.1", 3000), ("127.9.9.9", 3000), ("::1", 3000), ("10.0.0.7", 5432)]:
        assert not policy.judge(address, port)
        assert not policy.admits(address, port)
    assert not policy.judge("::ffff:10.0.0.7", 5432)


def test_the_warehouse_is_admitted_and_not_allowed() -> None:
    policy = Policy(rules=parse_rules(["10.0.0.0/8"]), warehouse=frozenset({("10.0.0.7", 5432)}))
    assert policy.admits("10.0.0.7", 5432)
    assert not policy.judge("10.0.0.7", 5432)
    assert policy.judge("10.0.0.7", 5433)
    both = replace(policy, denied=policy.warehouse)  # the registry may live on the same server
    assert both.admits("10.0.0.7", 5432)
    assert not both.judge("10.0.0.7", 5432)


def test_a_policy_survives_the_wire() -> None:
    policy = Policy(
        rules=parse_rules(["10.0.0.0/8:5432", "db.internal:5432", "fd00::/8", "[fd12::1]:80", "x.example"]),
        pinned=tuple(rule for rule in parse_rules(["10.9.9.9/32:5432"]) if not hasattr(rule, "host")),
        nat64=parse_nat64(["64:ff9b::/96"]),
        denied=frozenset({("127.0.0.1", 3000)}),
        warehouse=frozenset({("10.0.0.7", 5432)}),
        files=("/data",),
        exact_files=("/home/w.duckdb",),
    )
    assert Policy.from_wire(policy.to_wire()) == policy
