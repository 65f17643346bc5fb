"""Which process executes a run, and whether it is still there: how a run whose process was killed is noticed."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_START_TIME = 19  # the field after the command's name; the pid and the name are fields 1 and 2 of 22


def holder() -> str:
    """This process, as `<place>|<pid>|<start time>`: a pid that was given to another later does not match."""
    pid = os.getpid()
    return f"{_place()}|{pid}|{_started(pid) or '-'}"


def alive(name: str) -> bool | None:
    """Whether the process of that name still runs; None where it runs elsewhere, so nobody here can tell."""
    place, _, process = name.partition("|")
    pid, _, started = process.partition("|")
    if place != _place() or not pid.isdigit():
        return None
    if started != "-":
        return _started(int(pid)) == started
    return _answers(int(pid))


@cache
def _place() -> str:
    """Where pids mean the same processes: a machine since its start, and a container in it."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "-"
    space = _PROC / "self/ns/pid"
    return f"{socket.gethostname()[:64]}/{boot}/{space.readlink() if space.is_symlink() else '-'}"


def _started(pid: int) -> str | None:
    """The kernel's start time of a process, in ticks; None where it is gone, a zombie, or the kernel keeps none."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[_START_TIME]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is someone else's, so it is there
        return True
    return True
