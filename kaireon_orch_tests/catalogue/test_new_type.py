"""A new type is one folder and one test module: the scaffold, in a copy of the library, passes the whole suite."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kaireon_orch_tests.conformance.spec_checks import CHECKS

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "new_type.py"
PARTS = ("kaireon_orch", "kaireon_orch_tests/conformance", "kaireon_orch_tests/connectors")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The library and its suite, without anything else of the repository."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "kaireon_orch_tests" / "__init__.py").touch()
    return tmp_path


def scaffold(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments, "--root", str(root)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def suite(root: Path, expression: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    return subprocess.run(
        [*command, "kaireon_orch_tests/conformance", "-k", expression],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_the_scaffold_turns_up_in_the_suite_and_passes(copy: Path) -> None:
    made = scaffold(copy, "acme_crm", "--label", "Acme CRM", "--category", "crm_marketing")
    assert made.returncode == 0, made.stderr
    done = suite(copy, "acme_crm")
    assert done.returncode == 0, done.stdout
    assert f"{len(CHECKS)} passed" in done.stdout


def test_a_room_without_a_case_fails(copy: Path) -> None:
    scaffold(copy, "acme_crm", "--label", "Acme CRM", "--category", "crm_marketing")
    (copy / "kaireon_orch_tests" / "connectors" / "acme_crm.py").unlink()
    done = suite(copy, "acme_crm")
    assert done.returncode == 1
    assert "acme_crm-has_credentials_for_every_method" in done.stdout


def test_a_type_that_is_there_is_left_alone(copy: Path) -> None:
    before = (copy / "kaireon_orch/connectors/csv/spec.py").read_text()
    made = scaffold(copy, "csv", "--label", "CSV", "--category", "files")
    assert made.returncode == 1
    assert (copy / "kaireon_orch/connectors/csv/spec.py").read_text() == before


@pytest.mark.parametrize("slug", ["Acme", "acme-crm", "1acme", "acme__crm", "../acme"])
def test_a_slug_has_one_form(tmp_path: Path, slug: str) -> None:
    made = scaffold(tmp_path, slug, "--label", "Acme", "--category", "apis")
    assert made.returncode == 2
    assert not list(tmp_path.iterdir())
