"""The registry for a command: opened, and closed whatever happens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import Settings, load, without_password
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from kaireon_orch.control.pages import Page

PAGE = 100
Item = TypeVar("Item")


@contextmanager
def opened(settings: Settings | None = None) -> Generator[Registry]:
    """The registry that the settings name."""
    registry = Registry.open(settings or load())
    try:
        yield registry
    finally:
        registry.close()


def operator(registry: Registry, tenant: str | None) -> Caller:
    """Who holds the command line, in the tenant named or that of the settings."""
    return Caller.operator(tenant or registry.settings.tenant)


def every(page: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """All items of a paged list; `page` takes the cursor."""
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.data
        if found.cursor is None:
            return
        cursor = found.cursor


def migrate() -> str:
    """Bring the schema to head and say so. Raises SettingsError where the registry is newer than the code."""
    settings = load()
    database = Database(settings.registry_url)
    try:
        before = database.schema_state()
        database.migrate()
    finally:
        database.close()
    done = "is at head already" if before == "current" else "is at head now"
    return f"The registry {without_password(settings.registry_url)} {done}."
