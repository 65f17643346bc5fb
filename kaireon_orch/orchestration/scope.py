"""Which assets the run of this process runs, where whoever started it knows: definitions then load those alone."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AssetPaths = tuple[tuple[str, ...], ...]

_wanted: ContextVar[AssetPaths | None] = ContextVar("wanted", default=None)


def narrow(asset_keys: Sequence[Sequence[str]]) -> None:
    """Load these assets alone from now on; a run's process says so before it loads definitions."""
    _wanted.set(tuple(tuple(key) for key in asset_keys))


def wanted() -> AssetPaths | None:
    """The assets to load; None: all."""
    return _wanted.get()


@contextmanager
def whole() -> Iterator[None]:
    """Load everything within it: a project of a user's own may ask for any connector, and call assets as it likes."""
    token = _wanted.set(None)
    try:
        yield
    finally:
        _wanted.reset(token)
