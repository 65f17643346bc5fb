"""The secrets that this process has opened for user code, so that they can be taken out of what it says.

They are held in memory for as long as the process lives, since what was printed once may be printed again, and nowhere
else. Other processes know their own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kaireon_orch.control.spellings import spellings
from kaireon_orch.vault import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 4  # characters; masking what is shorter would leave no readable line


class KnownSecrets:
    """Values, and each of their spellings, that `scrub` replaces by stars; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._spelled: tuple[str, ...] = ()
        self._least = 0

    def __repr__(self) -> str:
        return f"KnownSecrets({len(self._values)})"

    def __reduce__(self) -> tuple[type[KnownSecrets], tuple[()]]:
        """A copy in another process, or in a file, knows nothing."""
        return KnownSecrets, ()

    def add(self, values: Iterable[str]) -> None:
        """Know these values from now on; those shorter than `SHORTEST` are left alone."""
        with self._lock:
            new = {value for value in values if len(value) >= SHORTEST} - self._values
            if not new:
                return
            self._values |= new
            told = {*self._spelled, *new}
            told.update(
                spelled.decode(errors="surrogateescape") for value in new for spelled in spellings(value)
            )
            # The longest first: a part of a secret that goes before it would leave the rest to be read.
            self._spelled = tuple(sorted(told, key=len, reverse=True))
            self._least = len(self._spelled[-1])

    def hold(self, text: str) -> bool:
        """Whether one of them stands in the text."""
        return len(text) >= self._least and any(spelled in text for spelled in self._spelled)

    def scrub(self, text: str) -> str:
        """The text with stars in the place of each."""
        if len(text) < self._least:
            return text
        for spelled in self._spelled:
            if spelled in text:
                text = text.replace(spelled, MASK)
        return text


KNOWN = KnownSecrets()
"""What this process has opened."""
