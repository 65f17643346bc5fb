"""Many byte strings looked for at once, whatever their number.

The first bytes of every window of the data are hashed at once (numpy) and looked up in a table of the needles' own;
what is left is compared byte by byte. The time hardly grows with the number of needles.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

START = 6  # bytes that are hashed: no needle is shorter
_SLOT_BITS = 24
_FACTOR = np.uint32(0x01000193)

Meaning = TypeVar("Meaning")


class Matcher(Generic[Meaning]):
    """Finds needles, each of at least `START` bytes, and tells what they mean."""

    def __init__(self, needles: Mapping[bytes, Meaning]) -> None:
        self._by_start: dict[bytes, list[tuple[bytes, Meaning]]] = defaultdict(list)
        for needle, meaning in needles.items():
            self._by_start[needle[:START]].append((needle, meaning))
        self._slots = np.zeros(1 << _SLOT_BITS, dtype=bool)
        for start in self._by_start:
            self._slots[_hashes(start)] = True
        self.longest = max(map(len, needles), default=START)

    def found(self, data: bytes) -> Iterator[tuple[int, Meaning]]:
        """Where each match in `data` ends, and what it means."""
        if not self._by_start or len(data) < START:
            return
        for at in np.flatnonzero(self._slots[_hashes(data)]).tolist():
            for needle, meaning in self._by_start.get(data[at : at + START], ()):
                if data.startswith(needle, at):
                    yield at + len(needle), meaning


def _hashes(data: bytes) -> NDArray[np.uint32]:
    """A slot for each window of `START` bytes."""
    bytes_ = np.frombuffer(data, dtype=np.uint8)
    count = len(bytes_) - START + 1
    hashes = np.zeros(count, dtype=np.uint32)
    for offset in range(START):
        hashes = (hashes ^ bytes_[offset : offset + count]) * _FACTOR
    return hashes >> np.uint32(32 - _SLOT_BITS)
