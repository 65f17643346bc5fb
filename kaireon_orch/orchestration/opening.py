"""The registry as Dagster's processes open it: by the settings, for as long as one thing takes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kaireon_orch import settings
from kaireon_orch.control.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_registry() -> Iterator[Registry]:
    """The registry of this process's settings; closed at the end. Unavailable where it is out of reach."""
    registry = Registry.open(settings.load())
    try:
        yield registry
    finally:
        registry.close()
