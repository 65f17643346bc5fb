"""The note that something was refused: the judge leaves it in the job's folder, the child looks for it.

The judge's word, not the driver's, decides that an error is ADDRESS_BLOCKED. A file serves because the judge may sit
in another process and a look must cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from kaireon_orch.network.addresses import METADATA

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Refusals:
    """`bool()` tells whether a connect of this job was refused so far."""

    note: Path

    @classmethod
    def beside(cls, folder: Path) -> Refusals:
        return cls(folder / "refused")

    def __bool__(self) -> bool:
        return self.note.exists()

    def add(self, address: str) -> None:
        """Note the refusal of `address`. Drivers look for their cloud unasked: metadata addresses do not count."""
        if ip_address(address) not in METADATA:
            self.note.touch()
