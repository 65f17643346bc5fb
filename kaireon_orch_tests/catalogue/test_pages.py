"""The documentation pages that are generated from specs and notes."""

import subprocess
import sys
from pathlib import Path

import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Proof, Status

TOOL = Path(__file__).parents[2] / "tools" / "connector_pages.py"


def generate(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), str(folder), *flags]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    assert generate(folder).returncode == 0
    return folder


def test_every_type_has_a_page_and_the_index_names_it(folder: Path) -> None:
    assert {page.stem for page in folder.glob("*.md")} == {"index", *catalogue.types()}
    index = (folder / "index.md").read_text()
    assert all(f"({type_}.md)" in index for type_ in catalogue.types())


def test_a_page_says_how_far_its_type_is_built(folder: Path) -> None:
    for spec in map(catalogue.spec, catalogue.types()):
        text = (folder / f"{spec.type}.md").read_text()
        coming = spec.status is Status.COMING_SOON
        assert ("**Coming soon.**" in text) is coming
        assert ("**Not built yet.**" in text) is (spec.proof is Proof.NONE and not coming)


def test_a_page_explains_fields_methods_and_steering(folder: Path) -> None:
    text = (folder / "postgresql.md").read_text()
    assert text.startswith("# PostgreSQL\n")
    assert "| `host` | string | yes |" in text
    assert "### `client_certificate`" in text
    assert "| `password` | secret | yes |" in text
    assert "`host`, `port` decide which system gets the credentials" in text


def test_check_tells_equal_from_stale(folder: Path, tmp_path: Path) -> None:
    assert generate(folder, "--check").returncode == 0
    assert generate(tmp_path).returncode == 0
    (tmp_path / "csv.md").write_text("another text")
    (tmp_path / "gone.md").write_text("a type that is gone")
    checked = generate(tmp_path, "--check")
    assert checked.returncode == 1
    assert checked.stdout.split() == ["csv.md", "gone.md"]
