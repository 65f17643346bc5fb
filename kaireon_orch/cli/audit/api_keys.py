"""API keys, of which only a hash is stored: found by their form and their CRC, and told by that hash whose they are."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from kaireon_orch.control import keys
from kaireon_orch.control.secret_inventory import Owner
from kaireon_orch.control.spellings import CLEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kaireon_orch.control.registry import Registry

LONGEST_KEY = len(keys.PREFIX) + keys.BODY_LENGTH + keys.CRC_LENGTH
_FORM = re.compile(keys.FORM.pattern.encode())
_START = keys.PREFIX.encode()


class KeyForm:
    """Finds what has the form of an API key and is one, by `whose`."""

    def __init__(self, whose: Callable[[str], Owner | None]) -> None:
        self._whose = whose

    def found(self, data: bytes) -> Iterator[tuple[int, tuple[Owner, str]]]:
        """Each key, with where it ends."""
        if _START not in data:
            return
        for match in _FORM.finditer(data):
            text = match[0].decode()
            owner = self._whose(text)
            if owner is not None:
                yield match.end(), (owner, CLEAR)


def whose_key(registry: Registry) -> Callable[[str], Owner | None]:
    """Looks a key up by its hash; revoked keys count too, so that nobody wonders."""

    @cache
    def find(text: str) -> Owner | None:
        found = keys.holder(registry, text)
        return None if found is None else Owner(found[0], "(API key)", f"{found[1]} {found[2]}")

    return find
