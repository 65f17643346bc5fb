"""Secrets that the operator mounts as files, as Docker and Kubernetes do below `/run/secrets`.

Links are followed: Kubernetes mounts secrets as links, and who applies the file that names one is the operator.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kaireon_orch.errors import SecretUnreadable

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 64 * 1024  # bytes
LONGEST = 1024
# The kernel's views of processes and devices: `/proc/self/environ` is a regular file, and holds our own keys.
NOT_MOUNTED = ("/proc", "/sys", "/dev")


def is_path(text: str) -> bool:
    """Whether the text is a path that may be read from: absolute, and straight to its place."""
    parts = text.split("/")[1:]
    straight = bool(parts) and not {"", ".", ".."} & set(parts)
    return text.startswith("/") and straight and text.isprintable() and len(text) <= LONGEST


class Files:
    """Reads mounted secrets. `home` is the folder of ours, with keys that are no connector's."""

    def __init__(self, home: Path) -> None:
        self._closed = (*NOT_MOUNTED, os.path.realpath(home))

    def read(self, path: str) -> str:
        """The text of a file of at most 64 KiB, without its last line end. Raises `SecretUnreadable`."""
        real = os.path.realpath(path)
        if any(PurePosixPath(real).is_relative_to(place) for place in self._closed):
            raise _unreadable(path, "it is no mounted secret")
        try:
            return _without_line_end(_content(path, real).decode("utf-8"))
        except OSError as error:
            raise _unreadable(path, error.strerror or "it cannot be read") from None
        except UnicodeDecodeError:
            raise _unreadable(path, "it is no text in UTF-8") from None


def _content(path: str, real: str) -> bytes:
    """The resolved place is opened, and no link any more: what was judged is what is read."""
    handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:  # noqa: PTH123  a descriptor
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _unreadable(path, "it is no regular file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _unreadable(path, f"it is larger than {LARGEST // 1024} KiB")
    return content


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _unreadable(path: str, why: str) -> SecretUnreadable:
    return SecretUnreadable(f"The reference ${{file:{path}}} cannot be read here: {why}.")
