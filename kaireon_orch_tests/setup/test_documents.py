"""What the documents claim about files, settings and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from kaireon_orch.cli.main import app
from kaireon_orch.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_table_of_settings_is_whole() -> None:
    named = set(re.findall(r"KAIREON_[A-Z0-9_]+", (ROOT / "docs" / "deployment.md").read_text()))
    assert named - {"KAIREON_"} == {
        f"KAIREON_{field.removeprefix('given_').upper()}" for field in Settings.model_fields
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_command_that_is_shown_exists(document: Path) -> None:
    command = typer.main.get_group(app)
    known = set(command.commands)
    shown = set(re.findall(r"(?:^|`|bin/)kaireon ([a-z-]+)", document.read_text(), flags=re.MULTILINE))
    assert shown <= known
