"""Which revision the registry's schema has, and which ones this code knows: `NNNN_<words>.py` is revision `NNNN`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 7_264_411_573  # any number that nobody else in the database takes
NEWER = "The registry was made by a newer version of Kaireon Orch; install that version, or restore a backup."
VERSION_TABLE = "alembic_version"


def state(connection: Connection) -> Literal["empty", "current", "older", "newer"]:
    """How the schema compares with head; a revision that this code does not know is a newer one."""
    found = _revision(connection)
    if found is None:
        return "empty"
    if found == revisions()[-1]:
        return "current"
    return "older" if found in revisions() else "newer"


def lock(connection: Connection) -> None:
    """Let one process migrate at a time, until its transaction ends; SQLite's writer is alone already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


@cache
def revisions() -> tuple[str, ...]:
    """Every revision that this code knows, oldest first."""
    return tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def _revision(connection: Connection) -> str | None:
    """What Alembic wrote down last. Asking for the table first keeps a PostgreSQL transaction usable."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  a constant
    return found
