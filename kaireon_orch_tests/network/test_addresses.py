from __future__ import annotations

from ipaddress import IPv6Network, ip_address

import pytest

from kaireon_orch.network.addresses import METADATA, embedded_v4, is_public, parse_address

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "2003::1",
    "2a00::1",
    "3ffe:ffff::1",
]

REFUSED = [
    # IPv4: both ends of every range.
    *("0.0.0.1", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"),
    *("127.0.0.0", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.255.255"),
    *("172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.192", "192.0.0.255"),
    *("192.0.2.0", "192.0.2.255", "192.88.99.1", "192.168.0.0", "192.168.255.255"),
    *("198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.0", "255.255.255.255"),
    # IPv6 inside 2000::/3.
    *("2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1"),
    *("2002::1", "2002:7f00:1::", "2002:ffff::1", "3fff::1", "3fff:fff::1", "2620:4f:8000::1"),
    # IPv6 outside it.
    *("::", "::1", "::7f00:1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:7f00:1", "::ffff:0:808:808"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "1fff::1"),
    *("4000::1", "5f00::1", "fc00::1", "fd00::1", "fe80::1", "fe80::1%eth0", "2a00::1%eth0", "febf::1"),
    *("fec0::1", "ff02::1", "ff0e::1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", REFUSED)
def test_every_refused_range_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_metadata_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


def test_nothing_that_the_interpreter_calls_private_is_public() -> None:
    """The own table is at least as strict as the interpreter's, here over a stride of all of IPv4."""
    strayed = [number for number in range(0, 1 << 32, 262_139) if _looser(number)]
    assert strayed == []


def _looser(number: int) -> bool:
    address = ip_address(number)
    return is_public(address) and not address.is_global


@pytest.mark.parametrize(
    ("address", "prefix", "inner"),
    [
        ("64:ff9b::7f00:1", "64:ff9b::/96", "127.0.0.1"),
        ("2001:db8:c000:221::", "2001:db8::/32", "192.0.2.33"),
        ("2001:db8:1c0:2:21::", "2001:db8:100::/40", "192.0.2.33"),
        ("2001:db8:122:c000:2:2100::", "2001:db8:122::/48", "192.0.2.33"),
        ("2001:db8:122:3c0:0:221::", "2001:db8:122:300::/56", "192.0.2.33"),
        ("2001:db8:122:344:c0:2:2100::", "2001:db8:122:344::/64", "192.0.2.33"),
        ("2001:db8:122:344::192.0.2.33", "2001:db8:122:344::/96", "192.0.2.33"),
    ],
)
def test_nat64_payload_as_rfc_6052_table_2_has_it(address: str, prefix: str, inner: str) -> None:
    parsed = ip_address(address)
    assert parsed.version == 6
    assert str(embedded_v4(parsed, [IPv6Network(prefix)])) == inner


@pytest.mark.parametrize("text", ["fe80::1%eth0", "127.1", "localhost", "0x7f.0.0.1", "010.0.0.1", ""])
def test_only_the_strict_spelling_is_an_address(text: str) -> None:
    assert parse_address(text) is None
