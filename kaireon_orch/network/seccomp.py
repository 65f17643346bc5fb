"""The filter that a guarded child puts on itself, before any thread or driver exists (Linux ≥ 5.5, no privileges).

Every system call that can name a peer (`connect`, `sendto` with an address, `sendmsg`, `sendmmsg`) stops until the
parent has judged the address that the kernel holds. The pipe to the parent is free of it. `io_uring_setup` and foreign ABIs, which would go round the
filter, fail. The constants are the kernel's: linux/seccomp.h, linux/filter.h, linux/audit.h, asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass
from errno import ENOSYS

KERNEL, PYTHON = b"K", b"P"  # the first byte each way on the pipe: the guard wanted, the guard installed

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_WAIT_KILLABLE = 1 << 5  # since 5.19: a signal does not restart a call that is being judged

_LOAD, _EQUAL, _AT_LEAST, _RETURN = (
    0x20,
    0x15,
    0x35,
    0x06,
)  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
_ALLOW, _NOTIFY, _FAIL = 0x7FFF0000, 0x7FC00000, 0x00050000 | ENOSYS
_NUMBER, _ARCH, _DESCRIPTOR, _SENDTO_ADDRESS = 0, 4, 16, 16 + 4 * 8  # offsets in struct seccomp_data


@dataclass(frozen=True, slots=True)
class Calls:
    """System call numbers of one machine; calls from `foreign` on belong to another ABI (x32)."""

    audit_arch: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    seccomp: int
    io_uring_setup: int = 425
    foreign: int = 1 << 30


_CALLS = {
    "x86_64": Calls(0xC000003E, connect=42, sendto=44, sendmsg=46, sendmmsg=307, seccomp=317),
    "aarch64": Calls(0xC00000B7, connect=203, sendto=206, sendmsg=211, sendmmsg=269, seccomp=277),
}


def calls() -> Calls | None:
    """This machine's numbers; None where the filter is not known to work."""
    return _CALLS.get(platform.machine()) if sys.platform == "linux" else None


def install(pipe: int) -> int | None:
    """Put the filter on this process and all that it starts; the listener's descriptor, None where it cannot be.

    Must run before the process has a second thread. There is no way back. `pipe` is the descriptor over which the
    listener goes to the parent, so `sendmsg` on it is not stopped; it is connected and takes no address.
    """
    numbers = calls()
    if numbers is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return None
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
        listener = _set_filter(libc, numbers, program(numbers, pipe), flags)
        if listener >= 0:
            os.set_inheritable(listener, False)
            return listener
    return None


def _set_filter(libc: ctypes.CDLL, numbers: Calls, code: bytes, flags: int) -> int:
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(instructions))
    return int(
        libc.syscall(
            numbers.seccomp, _SET_MODE_FILTER, flags, ctypes.create_string_buffer(header, len(header))
        )
    )


def program(numbers: Calls, pipe: int) -> bytes:
    """The filter in BPF; a jump is the number of instructions to pass over."""
    steps: list[tuple[int, int, str | None, str | None]] = [
        (_LOAD, _ARCH, None, None),
        (_EQUAL, numbers.audit_arch, None, "fail"),
        (_LOAD, _NUMBER, None, None),
        (_AT_LEAST, numbers.foreign, "fail", None),
        (_EQUAL, numbers.io_uring_setup, "fail", None),
        (_EQUAL, numbers.connect, "notify", None),
        (_EQUAL, numbers.sendmsg, "message", None),
        (_EQUAL, numbers.sendmmsg, "notify", None),
        (_EQUAL, numbers.sendto, None, "allow"),
        (_LOAD, _SENDTO_ADDRESS, None, None),
        (_EQUAL, 0, None, "notify"),
        (_LOAD, _SENDTO_ADDRESS + 4, None, None),
        (_EQUAL, 0, "allow", "notify"),
        (_LOAD, _DESCRIPTOR, None, None),
        (_EQUAL, pipe, "allow", "notify"),
    ]
    ends = {"allow": _ALLOW, "notify": _NOTIFY, "fail": _FAIL}
    places = {name: len(steps) + place for place, name in enumerate(ends)} | {"message": len(steps) - 2}

    def jump(label: str | None, here: int) -> int:
        return 0 if label is None else places[label] - here - 1

    body = [
        struct.pack("<HBBI", code, jump(yes, at), jump(no, at), k)
        for at, (code, k, yes, no) in enumerate(steps)
    ]
    return b"".join(body + [struct.pack("<HBBI", _RETURN, 0, 0, action) for action in ends.values()])
