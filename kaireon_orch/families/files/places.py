"""Where a file's bytes come from: a folder of the server's here, a URL in the HTTP family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol

if TYPE_CHECKING:
    from kaireon_orch.contract.door import Door


class Place(Protocol):
    """One file, to be opened as often as wanted. Every method raises `Fault`."""

    @property
    def step(self) -> str:
        """What reaching it is called in a connection test."""
        ...

    @property
    def reached(self) -> str:
        """What a connection test says once it is reached."""
        ...

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        ...

    @property
    def cut(self) -> bool:
        """Whether time was too short for the whole file, so that what is open to readers ends early."""
        ...

    def check(self) -> None:
        """Reach the file without reading it."""
        ...

    def open(self) -> BinaryIO:
        """Its bytes from the start, packed as they are; seekable."""
        ...

    def close(self) -> None:
        """Release everything; safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file below the allowed roots."""

    door: Door
    path: str
    step: ClassVar[str] = "file"
    reached: ClassVar[str] = "The file can be opened."
    cut: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return PurePath(self.path).stem

    def check(self) -> None:
        self.open().close()

    def open(self) -> BinaryIO:
        return self.door.open_file(self.path)

    def close(self) -> None:
        """Each reader is closed by whoever opened it."""
