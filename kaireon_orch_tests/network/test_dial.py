from __future__ import annotations

import math
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor, endpoints, pin
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.network.lookup import look_up, resolvers
from kaireon_orch.network.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kaireon_orch_tests.network.conftest import Listener

LOCAL = Policy(rules=parse_rules(["127.0.0.1"]))


def door(tmp_path: Path, policy: Policy, *answers: str, seconds: float = 5.0) -> ChildDoor:
    """A door whose resolver gives `answers`, once; a second question finds nothing."""
    left = [answers]

    def resolver(host: str, port: int, timeout: float) -> tuple[str, ...]:
        return left.pop()

    deadline = Deadline.after(seconds, FaultCode.TIMED_OUT)
    return ChildDoor(
        policy, deadline, Refusals.beside(tmp_path), kernel=False, lookup=resolver if answers else look_up
    )


def code_of(call: Callable[..., object], *args: object) -> FaultCode:
    with pytest.raises(Fault) as caught:
        call(*args)
    return caught.value.fault


def test_a_connection_goes_to_the_judged_address(tmp_path: Path, listener: Listener) -> None:
    with door(tmp_path, LOCAL, "127.0.0.1").dial("db.example", listener.port) as connection:
        assert connection.recv(5) == b"hello"
        assert connection.gettimeout() is None


def test_one_bad_answer_refuses_all(tmp_path: Path, listener: Listener) -> None:
    policy = listener.policy()
    mixed = door(tmp_path, policy, "127.0.0.1", "10.0.0.1")
    assert code_of(mixed.dial, "db.example", listener.port) is FaultCode.ADDRESS_BLOCKED
    assert listener.visitors == []


def test_a_tenants_name_for_loopback_gets_no_leniency(tmp_path: Path, listener: Listener) -> None:
    mixed = door(tmp_path, listener.policy(), "127.0.0.1", "127.0.0.2")
    assert code_of(mixed.dial, "db.example", listener.port) is FaultCode.ADDRESS_BLOCKED


def test_the_name_is_asked_for_once(tmp_path: Path, listener: Listener) -> None:
    """The stub resolver fails a second question, as a rebinding server would answer it with another address."""
    with door(tmp_path, LOCAL, "127.0.0.1").dial("rebind.example", listener.port):
        pass


def test_a_refusal_names_the_host_and_no_address(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        door(tmp_path, Policy(), "10.11.12.13").resolve("db.example", 5432)
    assert "db.example" in caught.value.message
    assert "10.11" not in caught.value.message


def test_a_peer_keeps_the_name_for_tls(tmp_path: Path) -> None:
    peer = door(tmp_path, Policy(), "8.8.8.8", "2a00::1").resolve("DB.Example.", 5432)
    assert (peer.host, peer.port, peer.addresses) == ("db.example", 5432, ("8.8.8.8", "2a00::1"))


def test_localhost_takes_the_loopback_address_that_is_allowed(tmp_path: Path, listener: Listener) -> None:
    with door(tmp_path, listener.policy(), "::1", "127.0.0.1").dial("localhost", listener.port) as connection:
        assert connection.recv(5) == b"hello"
    assert code_of(door(tmp_path, Policy()).dial, "localhost", listener.port) is FaultCode.ADDRESS_BLOCKED


def test_a_closed_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert code_of(door(tmp_path, LOCAL).dial, "127.0.0.1", port) is FaultCode.REFUSED


def test_the_next_address_is_tried(tmp_path: Path, listener: Listener) -> None:
    policy = Policy(rules=parse_rules(["127.0.0.0/8"]))
    with door(tmp_path, policy, "127.0.0.2", "127.0.0.1").dial("db.example", listener.port) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"


def test_a_silent_peer_times_out_within_the_deadline(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # the queue is full now, and further connects get no answer
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        assert code_of(door(tmp_path, LOCAL, seconds=0.4).dial, "127.0.0.1", port) is FaultCode.TIMED_OUT
        assert time.monotonic() - began < 2
        for filler in fillers:
            filler.close()


def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    assert code_of(look_up, "no-such-name.invalid", 80, 30.0) is FaultCode.NAME_NOT_RESOLVED


def test_a_look_up_ends_with_its_time() -> None:
    answered = threading.Event()

    def silent(host: str, port: int) -> tuple[str, ...]:
        answered.wait(5)
        return ()

    began = time.monotonic()
    assert code_of(look_up, "db.example", 80, 0.05, silent) is FaultCode.TIMED_OUT
    assert time.monotonic() - began < 2
    answered.set()


def test_no_deadline_is_no_time_out(tmp_path: Path, listener: Listener) -> None:
    with door(tmp_path, LOCAL, seconds=math.inf).dial("127.0.0.1", listener.port) as connection:
        assert connection.recv(5) == b"hello"


def test_the_passed_deadline_is_told(tmp_path: Path) -> None:
    assert code_of(door(tmp_path, LOCAL, seconds=0).remaining) is FaultCode.TIMED_OUT


def test_the_warehouse_has_a_door_of_its_own(tmp_path: Path, listener: Listener) -> None:
    policy = Policy(warehouse=endpoints("localhost", listener.port))
    tenants = door(tmp_path, policy)
    assert code_of(tenants.dial, "127.0.0.1", listener.port) is FaultCode.ADDRESS_BLOCKED
    with tenants.for_warehouse().dial("localhost", listener.port) as connection:
        assert connection.recv(5) == b"hello"
    assert code_of(tenants.for_warehouse().dial, "127.0.0.1", 1) is FaultCode.ADDRESS_BLOCKED


def test_host_rules_are_pinned_to_addresses() -> None:
    policy = pin(Policy(rules=parse_rules(["localhost:5432", "no-such-name.invalid"])))
    assert policy.judge("127.0.0.1", 5432)
    assert not policy.judge("127.0.0.1", 5433)
    assert not policy.judge("127.0.0.2", 5432)
    assert Policy.from_wire(policy.to_wire()) == policy


def test_the_resolvers_are_those_of_resolv_conf(tmp_path: Path) -> None:
    written = tmp_path / "resolv.conf"
    written.write_text("# x\nsearch a\nnameserver 10.0.0.2\nnameserver fe80::1%eth0\nnameserver\noptions b\n")
    assert resolvers(written) == {("10.0.0.2", 53), ("fe80::1", 53)}
    assert resolvers(tmp_path / "none") == {("127.0.0.1", 53)}


def test_look_ups_can_run_side_by_side() -> None:
    threads = [threading.Thread(target=look_up, args=("localhost", 1, 5.0)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert "127.0.0.1" in look_up("localhost", 1, 5.0)
