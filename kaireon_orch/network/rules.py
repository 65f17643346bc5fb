"""The operator's egress rules: `cidr`, `host`, `host:port`, `cidr:port`; a bare address is that address alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_network
from typing import TYPE_CHECKING, TypeAlias

from kaireon_orch.errors import Fault, SettingsError
from kaireon_orch.network.addresses import NAT64_LENGTHS, carried_v4, parse_address
from kaireon_orch.network.hosts import normalise_host

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kaireon_orch.network.addresses import Address, Network

_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]+))?")
_V6_RANGE_PORT = re.compile(r"([0-9a-fA-F:.]+/[0-9]+):([0-9]+)")
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class AddressRule:
    """A range of addresses, at one port or (None) at all ports."""

    network: Network
    port: int | None = None

    def __str__(self) -> str:
        if self.port is None:
            return str(self.network)
        shown = f"[{self.network}]" if self.network.version == 6 else str(self.network)  # noqa: PLR2004  IPv6
        return f"{shown}:{self.port}"

    def allows(self, address: Address, port: int) -> bool:
        return self.port in {None, port} and address in self.network

    def names(self, address: Address, port: int) -> bool:
        """Whether the rule names `address` itself and no range around it: what metadata addresses need."""
        return self.network.num_addresses == 1 and self.allows(address, port)


@dataclass(frozen=True, slots=True)
class HostRule:
    """A name, at one port or (None) at all ports; the parent resolves it per job."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def names(self, host: str, port: int) -> bool:
        return self.host == host and self.port in {None, port}


Rule: TypeAlias = AddressRule | HostRule


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of KAIREON_EGRESS_ALLOW; `SettingsError` names the one that cannot stand."""
    return tuple(_parse_rule(text.strip()) for text in texts if text.strip())


def parse_nat64(texts: Iterable[str]) -> tuple[IPv6Network, ...]:
    """The operator's NAT64 prefixes (KAIREON_NAT64_PREFIXES); lengths as RFC 6052 has them."""
    return tuple(_nat64_prefix(text.strip()) for text in texts if text.strip())


def _nat64_prefix(text: str) -> IPv6Network:
    try:
        prefix = IPv6Network(text)
    except ValueError:
        raise SettingsError(f"KAIREON_NAT64_PREFIXES: {text} is not an IPv6 prefix") from None
    if prefix.prefixlen not in NAT64_LENGTHS:
        raise SettingsError(f"KAIREON_NAT64_PREFIXES: {text} must have a length of 32, 40, 48, 56, 64 or 96")
    return prefix


def _parse_rule(text: str) -> Rule:
    if "*" in text:
        raise _refused(text, "has a wildcard; name hosts one by one, or a range of addresses")
    body, port = _split_port(text)
    network = _network(text, body)
    if network is not None:
        return AddressRule(network, port)
    if text.startswith("["):
        raise _refused(text, "has brackets around what is not an IPv6 address")
    try:
        return HostRule(normalise_host(body), port)
    except Fault as fault:
        raise _refused(text, f"is not a rule: {fault.message}") from None


def _split_port(text: str) -> tuple[str, int | None]:
    match = _BRACKETED.fullmatch(text) or _V6_RANGE_PORT.fullmatch(text)
    if match:
        return match[1], None if match[2] is None else _port(text, match[2])
    if text.count(":") == 1:
        body, _, port = text.partition(":")
        return body, _port(text, port)
    return text, None


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) <= _MAX_PORT):
        raise _refused(text, "has a port that is not a number from 1 to 65535")
    return int(digits)


def _network(text: str, body: str) -> Network | None:
    if "/" not in body:
        address = parse_address(body)
        return None if address is None else _checked(text, ip_network(address))
    try:
        return _checked(text, ip_network(body))
    except ValueError:
        raise _refused(
            text, "is not a range of addresses; its host bits must be zero, as in 10.0.0.0/8"
        ) from None


def _checked(text: str, network: Network) -> Network:
    if network.prefixlen == 0:
        raise _refused(text, "allows every address; name the ranges that connectors need")
    if isinstance(network, IPv6Network) and carried_v4(network.network_address) and carried_v4(network[-1]):
        raise _refused(text, "is a form of IPv4 in IPv6; write it as IPv4")
    return network


def _refused(text: str, why: str) -> SettingsError:
    return SettingsError(f"KAIREON_EGRESS_ALLOW: {text} {why}")
