"""Which addresses are public.

An own table, because `ipaddress.is_global` is no guard: its answers differ between interpreters and it passes
multicast, NAT64, IPv4-compatible and some cloud metadata addresses. IPv6 is refused outside 2000::/3.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

NAT64_LENGTHS = frozenset({32, 40, 48, 56, 64, 96})  # RFC 6052 section 2.2
# Forms in which IPv6 carries an IPv4 address in its last 32 bits: compatible, mapped, translated, NAT64.
V4_FORMS = tuple(IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
_OWN = frozenset({IPv6Address("::"), IPv6Address("::1")})  # in ::/96 and yet no form of IPv4

_REFUSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "2620:4f:8000::/48",
    )
)

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "169.254.0.23",
        "169.254.42.42",
    )
)


def is_public(address: Address) -> bool:
    """Whether anyone may reach `address`; IPv6 forms that carry an IPv4 address are never public."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    return not any(address in network for network in _REFUSED_V6)


def parse_address(text: str) -> Address | None:
    """The address that `text` is in its strict spelling; None for a name, another spelling, or a zone id."""
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def carried_v4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that `address` is another form of; None for what is an IPv6 address of its own."""
    if address in _OWN:
        return None
    if any(address in form for form in V4_FORMS):
        return IPv4Address(address.packed[-4:])
    return address.sixtofour


def embedded_v4(address: IPv6Address, prefixes: Iterable[IPv6Network]) -> IPv4Address | None:
    """The IPv4 address inside a NAT64 address of one of `prefixes`, by the layouts of RFC 6052."""
    for prefix in prefixes:
        if address in prefix:
            return _nat64_payload(address, prefix.prefixlen)
    return None


def _nat64_payload(address: IPv6Address, length: int) -> IPv4Address:
    packed = address.packed
    start = length // 8
    # Octet 8 is reserved and skipped where the address runs across it.
    octets = packed[start:] if start > 8 else packed[start:8] + packed[9:]  # noqa: PLR2004  the octet above
    return IPv4Address(octets[:4])
