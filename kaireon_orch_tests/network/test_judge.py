"""A real child under the kernel's guard: native calls, Python, programs that it starts."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import GuardMode, guard_mode, run_job
from kaireon_orch.network.dial import endpoints
from kaireon_orch.network.guard import Policy, parse_rules

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.network.conftest import Listener

JOBS = "kaireon_orch_tests.network.jobs"

pytestmark = pytest.mark.usefixtures("birth")
NOTHING = Policy()


def child(do: str, policy: Policy = NOTHING, **payload: Any) -> dict[str, Any]:
    return run_job("trial", {"do": do, **payload}, policy=policy, deadline=20, module=JOBS).result


def test_this_machine_has_the_kernels_guard() -> None:
    """The tests below mean nothing without it; a machine that lacks it must say so, not pass."""
    assert guard_mode() is GuardMode.KERNEL


def test_a_native_connect_to_a_blocked_address_is_refused(listener: Listener) -> None:
    answer = child("libc_connect", host="127.0.0.1", port=listener.port)
    assert answer == {"errno": errno.EACCES, "blocked": True}
    assert listener.visitors == []


def test_a_native_connect_to_an_allowed_endpoint_passes(listener: Listener) -> None:
    policy = listener.policy()
    assert child("libc_connect", policy, host="127.0.0.1", port=listener.port) == {
        "errno": 0,
        "blocked": False,
    }
    other = child("libc_connect", policy, host="127.0.0.1", port=listener.port - 1)
    assert other["errno"] == errno.EACCES


@pytest.mark.parametrize("host", ["::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_ipv6_is_judged_too(listener: Listener, host: str) -> None:
    assert child("libc_connect", host=host, port=listener.port)["errno"] == errno.EACCES


def test_a_mapped_address_is_its_ipv4_address(listener: Listener) -> None:
    answer = child("libc_connect", listener.policy(), host="::ffff:127.0.0.1", port=listener.port)
    assert answer["errno"] == 0


def test_python_and_programs_are_under_the_same_filter(listener: Listener) -> None:
    for host in ("127.0.0.1", "localhost"):
        answer = child("python_connect", host=host, port=listener.port)
        assert answer == {"errno": errno.EACCES, "blocked": True}
    assert child("grandchild", host="127.0.0.1", port=listener.port)["errno"] == errno.EACCES
    assert listener.visitors == []
    assert child("grandchild", listener.policy(), host="127.0.0.1", port=listener.port)["errno"] == 0


def test_datagrams_with_an_address_are_judged() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        port = server.getsockname()[1]
        sent = child("libc_send", host="127.0.0.1", port=port)
        assert set(sent.values()) == {errno.EACCES}
        with pytest.raises(TimeoutError):
            server.recv(1)
        allowed = Policy(rules=parse_rules([f"127.0.0.1:{port}"]))
        sent = child("libc_send", allowed, host="127.0.0.1", port=port)
        assert (sent["sendto"], sent["sendmsg"]) == (0, 0)
        assert server.recv(1) == b"x"


def test_unix_sockets_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "server")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        for name in (path, "\0abstract"):
            assert child("unix_connect", path=name)["errno"] == errno.EACCES


def test_io_uring_is_not_there() -> None:
    assert child("ring")["errno"] == errno.ENOSYS


def test_metadata_look_ups_of_drivers_are_refused_and_do_not_count() -> None:
    answer = child(
        "libc_connect", Policy(rules=parse_rules(["169.254.0.0/16"])), host="169.254.169.254", port=80
    )
    assert answer == {"errno": errno.EACCES, "blocked": False}


def test_the_judges_word_goes_before_the_drivers(listener: Listener) -> None:
    with pytest.raises(Fault) as caught:
        child("driver_words", host="127.0.0.1", port=listener.port)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
    with pytest.raises(Fault) as caught:
        child("driver_words", listener.policy(), host="127.0.0.1", port=listener.port)
    assert caught.value.fault is FaultCode.REFUSED


def test_a_driver_that_retries_till_the_end_was_refused_not_slow(listener: Listener) -> None:
    payload = {"do": "retry_until_late", "host": "127.0.0.1", "port": listener.port}
    with pytest.raises(Fault) as caught:
        run_job("trial", payload, policy=NOTHING, deadline=0.5, on_deadline=FaultCode.TIMED_OUT, module=JOBS)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


def test_the_door_leads_to_what_is_allowed(listener: Listener) -> None:
    assert child("dial", listener.policy(), host="127.0.0.1", port=listener.port) == {"heard": "hello"}
    assert child("dial", listener.policy(), host="localhost", port=listener.port) == {"heard": "hello"}
    with pytest.raises(Fault) as caught:
        child("dial", host="127.0.0.1", port=listener.port)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


def test_the_child_reaches_the_warehouse_and_the_tenants_door_does_not(listener: Listener) -> None:
    policy = Policy(warehouse=endpoints("127.0.0.1", listener.port))
    assert child("libc_connect", policy, host="127.0.0.1", port=listener.port)["errno"] == 0
    with pytest.raises(Fault) as caught:
        child("dial", policy, host="127.0.0.1", port=listener.port)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED


def test_where_the_kernels_guard_cannot_be_pythons_takes_over(listener: Listener) -> None:
    outer = listener.policy()
    inner = {"do": "python_connect", "host": "127.0.0.1", "port": listener.port}
    allowed = child("nested", outer, rules=[f"127.0.0.1:{listener.port}"], inner=inner)
    assert allowed == {"errno": 0, "heard": "hello"}
    assert child("nested", outer, rules=[], inner=inner) == {"errno": errno.EACCES, "blocked": True}
    echo = {"do": "echo", "words": "x"}
    assert child("nested", outer, rules=[], inner=echo) == {"words": "x", "judged": False}
    assert len(listener.visitors) == 1


def test_a_refusal_is_in_the_operators_log(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    child("libc_connect", host="127.0.0.1", port=listener.port)
    assert f"to 127.0.0.1 port {listener.port}" in caplog.text
