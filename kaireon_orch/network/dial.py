"""The door of a guarded child: resolve once, judge every answer, connect to what was judged."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.contract.door import Peer
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network import files
from kaireon_orch.network.addresses import METADATA, parse_address
from kaireon_orch.network.guard import AddressRule, HostRule, normalise_host
from kaireon_orch.network.hosts import METADATA_NAMES, blocked, is_loopback_name
from kaireon_orch.network.lookup import look_up

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.network.deadline import Deadline
    from kaireon_orch.network.guard import Endpoint, Policy, Rule
    from kaireon_orch.network.lookup import Lookup
    from kaireon_orch.network.refusals import Refusals

_PIN_TIMEOUT = 2.0
_LOOK_UPS_AT_ONCE = 16
_SHORTEST_ATTEMPT = 1.0  # seconds; an address that swallows packets must not eat the others' time


@dataclass(frozen=True, slots=True)
class ChildDoor:
    """`contract.door.Door` under one policy and one deadline.

    `warehouse` marks the built-in target's door: it alone leads to the warehouse's endpoint and file, and it is
    the operator's own URL, so names are not judged. `lookup` is where answers come from.
    """

    policy: Policy
    deadline: Deadline
    refusals: Refusals
    kernel: bool
    warehouse: bool = False
    lookup: Lookup = look_up

    def resolve(self, host: str, port: int) -> Peer:
        """One look-up, every answer judged; one bad answer refuses all.

        This machine's own names are the exception: of its loopback addresses the allowed ones are taken.
        """
        name = normalise_host(host) if self.warehouse else self.policy.judge_host(host, port)
        answers = (name,) if parse_address(name) else self.lookup(name, port, self.deadline.remaining())
        allowed = tuple(answer for answer in answers if self._permits(answer, port))
        if not allowed or (len(allowed) < len(answers) and not is_loopback_name(name)):
            raise blocked(host)
        return Peer(name, port, allowed)

    def dial(self, host: str, port: int) -> socket.socket:
        """A connected TCP socket without a time-out of its own."""
        peer = self.resolve(host, port)
        fault = None
        for position, address in enumerate(peer.addresses):
            try:
                return self._connect(peer, address, len(peer.addresses) - position)
            except OSError as error:
                fault = self._fault(peer, error)
        raise fault or blocked(host)

    def open_file(self, path: str) -> BinaryIO:
        if self.warehouse and path in self.policy.exact_files:
            return files.open_exact(path)
        self._refuse_owned(path)
        return files.open_file(self.policy.files, path)

    def check_path(self, path: str, *, missing_ok: bool = False) -> Path:
        if self.warehouse and path in self.policy.exact_files:
            return files.exact_path(path)
        self._refuse_owned(path)
        return files.check_path(self.policy.files, path, missing_ok=missing_ok)

    def list_files(self, pattern: str) -> list[str]:
        return [path for path in files.list_files(self.policy.files, pattern) if not self._is_owned(path)]

    def remaining(self) -> float:
        return self.deadline.remaining()

    def blocked(self) -> bool:
        return bool(self.refusals)

    def judged(self) -> bool:
        return self.kernel

    def for_warehouse(self) -> ChildDoor:
        """The same door, for the operator's own target."""
        return replace(self, warehouse=True)

    def _refuse_owned(self, path: str) -> None:
        if self._is_owned(path):
            raise files.not_allowed(path)

    def _is_owned(self, path: str) -> bool:
        policy = self.policy
        return files.is_owned(path, policy.files, policy.exact_files, policy.closed)

    def _permits(self, address: str, port: int) -> bool:
        return self.policy.admits(address, port) if self.warehouse else self.policy.judge(address, port)

    def _connect(self, peer: Peer, address: str, attempts_left: int) -> socket.socket:
        left = self.deadline.remaining()
        timeout = self.deadline.wait(min(left, max(left / attempts_left, _SHORTEST_ATTEMPT)))
        connection = socket.create_connection((address, peer.port), timeout=timeout)
        if ip_address(connection.getpeername()[0]) != ip_address(address):
            connection.close()
            raise blocked(peer.host)
        connection.settimeout(None)
        return connection

    def _fault(self, peer: Peer, error: OSError) -> Fault:
        shown = f"{peer.host} port {peer.port}"
        if isinstance(error, PermissionError) and self.blocked():
            return blocked(peer.host)
        if isinstance(error, TimeoutError):
            return Fault(FaultCode.TIMED_OUT, f"{shown} did not answer; check the address and the firewall")
        if isinstance(error, ConnectionRefusedError):
            return Fault(
                FaultCode.REFUSED, f"{shown} refused the connection; check that the service runs there"
            )
        return Fault(
            FaultCode.REFUSED, f"{shown} cannot be reached from here; check the address and the route"
        )


def pin(policy: Policy, timeout: float = _PIN_TIMEOUT) -> Policy:
    """`policy` with its host rules resolved into address rules, for one job; the parent calls it.

    A name that does not resolve allows nothing. Metadata addresses come in only by a rule that names the metadata
    host itself.
    """
    hosts = [rule for rule in policy.rules if isinstance(rule, HostRule)]
    with ThreadPoolExecutor(max_workers=_LOOK_UPS_AT_ONCE) as pool:
        found = [
            rule for rules in pool.map(lambda host: _address_rules(host, timeout), hosts) for rule in rules
        ]
    exact: tuple[Rule, ...] = tuple(rule for rule in found if rule.network.network_address in METADATA)
    return replace(policy, pinned=tuple(found), rules=policy.rules + exact)


def endpoints(host: str, port: int, timeout: float = _PIN_TIMEOUT) -> frozenset[Endpoint]:
    """Every (address, port) that one of the operator's own services has, for `denied` and `warehouse`."""
    address = parse_address(host)
    if address is not None:
        return frozenset({(str(address), port)})
    try:
        return frozenset((answer, port) for answer in look_up(host, port, timeout))
    except Fault:
        return frozenset()  # nothing answers to the name, so there is nothing to protect


def _address_rules(rule: HostRule, timeout: float) -> list[AddressRule]:
    try:
        answers = look_up(rule.host, rule.port or 0, timeout)
    except Fault:
        return []
    allowed = [
        answer for answer in answers if ip_address(answer) not in METADATA or rule.host in METADATA_NAMES
    ]
    return [AddressRule(ip_network(answer.partition("%")[0]), rule.port) for answer in allowed]
