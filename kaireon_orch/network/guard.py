"""The policy of one job: which addresses, names and files its child may reach."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

from kaireon_orch.network.addresses import METADATA, carried_v4, embedded_v4, is_public, parse_address
from kaireon_orch.network.hosts import blocked, host_problem, is_local_name, is_loopback_name, normalise_host
from kaireon_orch.network.rules import AddressRule, HostRule, Rule, parse_nat64, parse_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.network.addresses import Address

__all__ = [
    "AddressRule",
    "Endpoint",
    "HostRule",
    "Policy",
    "Rule",
    "host_problem",
    "is_public",
    "normalise_host",
    "parse_nat64",
    "parse_rules",
]

Endpoint: TypeAlias = tuple[str, int]  # an address in its shortest spelling, and a port


@dataclass(frozen=True, slots=True)
class Policy:
    """What a child may reach beyond public addresses, and what it may not reach at all.

    `pinned` are the addresses of the host rules, as `dial.pin` resolved them for this job. `denied` are our own
    services, refused whatever the rules say. `warehouse` is the built-in target's endpoint and `exact_files` its file:
    the target's door alone leads there. `files` are the roots below which connectors may read, `closed` the folders that
    stay shut wherever a root lies above them.
    """

    rules: tuple[Rule, ...] = ()
    pinned: tuple[AddressRule, ...] = ()
    nat64: tuple[IPv6Network, ...] = ()
    denied: frozenset[Endpoint] = frozenset()
    warehouse: frozenset[Endpoint] = frozenset()
    files: tuple[str, ...] = ()
    exact_files: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def judge(self, address: Address | str, port: int) -> bool:
        """Whether a tenant's connection to this address and port is allowed."""
        seen, public = self._seen(ip_address(address))
        if _among(self.denied, seen, port) or _among(self.warehouse, seen, port):
            return False
        if seen in METADATA:
            return self._named(seen, port)
        return public or self._allowed(seen, port)

    def admits(self, address: Address | str, port: int) -> bool:
        """`judge`, and the built-in warehouse: what a connect of the whole process is held against."""
        seen, _ = self._seen(ip_address(address))
        return (str(seen), port) in self.warehouse or self.judge(address, port)

    def judge_host(self, host: str, port: int) -> str:
        """The normalised host, before any look-up; `Fault` ADDRESS_BLOCKED for a bad spelling, name or address."""
        name = normalise_host(host)
        address = parse_address(name)
        if address is not None and not self.judge(address, port):
            raise blocked(host)
        if address is None and is_local_name(name) and not self._names_host(name, port):
            raise blocked(host)
        return name

    def to_wire(self) -> dict[str, Any]:
        """As JSON holds it; the first frame carries it to the child."""
        return {
            "rules": [str(rule) for rule in self.rules],
            "pinned": [str(rule) for rule in self.pinned],
            "nat64": [str(prefix) for prefix in self.nat64],
            "denied": sorted(self.denied),
            "warehouse": sorted(self.warehouse),
            "files": list(self.files),
            "exactFiles": list(self.exact_files),
            "closed": list(self.closed),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Policy:
        """Inverse of `to_wire`."""
        return cls(
            rules=parse_rules(wire["rules"]),
            pinned=tuple(rule for rule in parse_rules(wire["pinned"]) if isinstance(rule, AddressRule)),
            nat64=parse_nat64(wire["nat64"]),
            denied=_endpoints(wire["denied"]),
            warehouse=_endpoints(wire["warehouse"]),
            files=tuple(wire["files"]),
            exact_files=tuple(wire["exactFiles"]),
            closed=tuple(wire["closed"]),
        )

    def _seen(self, address: Address) -> tuple[Address, bool]:
        """The address that rules are held against, and whether the form it came in is public.

        An IPv6 form of an IPv4 address is judged as that address and never gets more than it.
        """
        if isinstance(address, IPv4Address):
            return address, is_public(address)
        inner = embedded_v4(address, self.nat64)
        if inner is not None:
            return inner, is_public(inner)
        carried = carried_v4(address)
        return (address, is_public(address)) if carried is None else (carried, False)

    def _allowed(self, address: Address, port: int) -> bool:
        rules = (*self.pinned, *(rule for rule in self.rules if isinstance(rule, AddressRule)))
        return any(rule.allows(address, port) for rule in rules)

    def _named(self, address: Address, port: int) -> bool:
        return any(isinstance(rule, AddressRule) and rule.names(address, port) for rule in self.rules)

    def _names_host(self, name: str, port: int) -> bool:
        if any(isinstance(rule, HostRule) and rule.names(name, port) for rule in self.rules):
            return True
        return is_loopback_name(name) and any(self._allowed(ip, port) for ip in _LOOPBACK)


_LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def _among(endpoints: frozenset[Endpoint], address: Address, port: int) -> bool:
    """Whether the endpoint is one of `endpoints`; a service on one loopback address may listen on all of them."""
    if (str(address), port) in endpoints:
        return True
    return address.is_loopback and any(at == port and ip_address(ip).is_loopback for ip, at in endpoints)


def _endpoints(wire: list[tuple[str, int]]) -> frozenset[Endpoint]:
    return frozenset((address, port) for address, port in wire)
