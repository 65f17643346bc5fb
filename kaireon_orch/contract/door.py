"""The network's door as a type sees it: a source gets one handed in and cannot make one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    import socket
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A host that was resolved once and judged: connect to `addresses` alone, keep `host` for TLS names."""

    host: str
    port: int
    addresses: tuple[str, ...]


class Door(Protocol):
    """Ways out of the guarded child. Every method raises `Fault` with a code of the specification."""

    def resolve(self, host: str, port: int) -> Peer:
        """Resolve `host` once and judge every answer; ADDRESS_BLOCKED, NAME_NOT_RESOLVED, TIMED_OUT."""
        ...

    def dial(self, host: str, port: int) -> socket.socket:
        """`resolve`, then a TCP connection to a judged address; also REFUSED."""
        ...

    def open_file(self, path: str) -> BinaryIO:
        """A regular file below the allowed roots, opened without following links; FILE_NOT_ALLOWED, OBJECT_MISSING."""
        ...

    def check_path(self, path: str, *, missing_ok: bool = False) -> Path:
        """The real path of a file that a library must open by name; judged like `open_file`.

        With `missing_ok` a file that is yet to be made passes, where its folder exists below the roots.
        """
        ...

    def list_files(self, pattern: str) -> list[str]:
        """Paths of the regular files below the allowed roots that match a glob (`*`, `?`, `[ab]`, `**`), sorted."""
        ...

    def remaining(self) -> float:
        """Seconds left of the job's deadline; DEADLINE or TIMED_OUT once it has passed."""
        ...

    def blocked(self) -> bool:
        """Whether the judge has refused a connect of this process: a driver's error is then ADDRESS_BLOCKED."""
        ...

    def judged(self) -> bool:
        """Whether every connect of this process is judged by the kernel's own address.

        Where it is not, a driver that cannot be pinned to `Peer.addresses` must refuse with NOT_SUPPORTED.
        """
        ...
