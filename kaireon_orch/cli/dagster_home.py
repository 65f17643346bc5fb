"""Dagster's home below ours: its two files rendered, its storage made once before anything uses it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kaireon_orch.errors import SettingsError

if TYPE_CHECKING:
    from kaireon_orch.settings import Settings

FILES = ("dagster.yaml", "workspace.yaml")
_MARK = ".storage-version"
_PACKAGE = Path(__file__).parents[1]


def folder(settings: Settings) -> Path:
    """DAGSTER_HOME of the embedded set-up."""
    return settings.home / "dagster"


def render(settings: Settings) -> Path:
    """Write both files into Dagster's home and return it."""
    home = folder(settings)
    home.mkdir(mode=0o700, exist_ok=True)
    for name in FILES:
        target, text = home / name, _template(name).read_text(encoding="utf-8")
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
    return home


def has_storage(home: Path) -> bool:
    """Whether this version of Dagster has made or migrated its storage there."""
    mark = home / _MARK
    return mark.exists() and mark.read_text(encoding="utf-8") == version("dagster")


def mark_storage(home: Path) -> None:
    """Remember that it has."""
    (home / _MARK).write_text(version("dagster"), encoding="utf-8")


def _template(name: str) -> Path:
    """In a checkout at its top, in a wheel inside the package."""
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_file():
            return place
    raise SettingsError(f"{name} is missing from the installation; install kaireon-orch afresh.")
