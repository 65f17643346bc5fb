"""The registry's two databases for tests: SQLite in a folder, and a database of its own on the real PostgreSQL."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A registry URL that nobody has used yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    url: str = request.getfixturevalue("postgres").database(f"registry_{os.getpid()}_{next(_NUMBERS)}")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated registry."""
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.close()
