"""The registry's schema: which revision it has, and the way to head, by Alembic within one transaction."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 7_264_411_573  # any number that nobody else in the database takes
NEWER = "The registry was made by a newer version of Kaireon Orch; install that version, or restore a backup."


def state(connection: Connection) -> Literal["empty", "current", "older", "newer"]:
    """How the schema compares with head; a revision that this code does not know is a newer one."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        return "empty"
    if found == _head():
        return "current"
    return "older" if found in _known() else "newer"


def lock(connection: Connection) -> None:
    """Let one process migrate at a time, until its transaction ends; SQLite's writer is alone already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def upgrade(connection: Connection) -> None:
    """Apply what is missing, in the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _known() -> frozenset[str]:
    scripts = ScriptDirectory.from_config(_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()
