"""The registry as Dagster's processes open it: by the settings, for as long as one thing takes."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dagster import SkipReason
from sqlalchemy import make_url

from kaireon_orch import settings
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Unavailable
from kaireon_orch.orchestration import last_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kaireon_orch.settings import Settings

T = TypeVar("T")


@contextmanager
def open_registry() -> Iterator[Registry]:
    """The registry of this process's settings; closed at the end. Unavailable where it is out of reach."""
    configured = settings.load()
    _demand_file(configured)
    registry = Registry.open(configured)
    try:
        yield registry
    finally:
        registry.close()


def or_skip(tick: Callable[..., T]) -> Callable[..., T | SkipReason]:
    """A schedule's or a sensor's tick that skips, saying why, while the registry is out of reach."""

    @wraps(tick)
    def careful(*args: Any, **given: Any) -> T | SkipReason:  # noqa: ANN401  Dagster's own
        try:
            return tick(*args, **given)
        except Unavailable as error:
            return SkipReason(f"Nothing was started. {error.message}")

    return careful


def _demand_file(configured: Settings) -> None:
    """A file that was there and is gone is an outage: a new one in its place would hide it. Raises Unavailable."""
    url = make_url(configured.registry_url)
    gone = url.drivername == "sqlite" and bool(url.database) and not Path(str(url.database)).exists()
    if gone and last_known.was_here(configured.home):
        raise Unavailable("The registry's file is gone; put it back, or restore it from a backup.")
