"""The filter's program, run step by step for both machines: its jumps land where they should."""

from __future__ import annotations

import struct

import pytest

from kaireon_orch.network.seccomp import _CALLS, Calls, program

ALLOW, NOTIFY, FAIL = 0x7FFF0000, 0x7FC00000, 0x00050026
PIPE = 9


def run(numbers: Calls, arch: int, call: int, *args: int) -> int:
    """What the kernel's BPF machine answers to one system call."""
    data = struct.pack("<iIQ6Q", call, arch, 0, *args, *[0] * (6 - len(args)))
    code = program(numbers, PIPE)
    at, held = 0, 0
    while True:
        word, yes, no, operand = struct.unpack_from("<HBBI", code, at * 8)
        at += 1
        if word == 0x06:
            return int(operand)
        if word == 0x20:
            (held,) = struct.unpack_from("<I", data, operand)
        else:
            at += yes if (held == operand if word == 0x15 else held >= operand) else no


@pytest.fixture(params=sorted(_CALLS))
def numbers(request: pytest.FixtureRequest) -> Calls:
    return _CALLS[request.param]


def test_what_names_a_peer_is_judged(numbers: Calls) -> None:
    for call in (numbers.connect, numbers.sendmsg, numbers.sendmmsg):
        assert run(numbers, numbers.audit_arch, call, 3) == NOTIFY
    assert run(numbers, numbers.audit_arch, numbers.connect, PIPE) == NOTIFY
    assert run(numbers, numbers.audit_arch, numbers.sendmmsg, PIPE) == NOTIFY


def test_sendto_is_judged_when_it_has_an_address(numbers: Calls) -> None:
    for address, answer in [(0, ALLOW), (0x1000, NOTIFY), (0x7F00 << 32, NOTIFY)]:
        assert run(numbers, numbers.audit_arch, numbers.sendto, 3, 1, 1, 0, address, 16) == answer


def test_the_pipe_carries_the_listener(numbers: Calls) -> None:
    assert run(numbers, numbers.audit_arch, numbers.sendmsg, PIPE) == ALLOW


def test_ways_round_the_filter_fail(numbers: Calls) -> None:
    assert run(numbers, numbers.audit_arch, numbers.io_uring_setup) == FAIL
    assert run(numbers, numbers.audit_arch, numbers.connect | 1 << 30) == FAIL
    assert run(numbers, 0x40000003, 102) == FAIL


def test_everything_else_goes_on(numbers: Calls) -> None:
    for call in (0, 1, 2, 41, 49, 59, 231):
        assert run(numbers, numbers.audit_arch, call) == ALLOW
