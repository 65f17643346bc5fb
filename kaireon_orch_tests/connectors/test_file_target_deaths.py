"""Loads into Parquet folders and Delta tables that are killed before each of their steps: nothing lost, doubled, or left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kaireon_orch_tests.connectors.lakes import KINDS
from kaireon_orch_tests.families.files import deaths

MODES = ("append", "truncate", "upsert", "scd2")


def killed(kind: str, folder: Path, mode: str, every: int) -> dict[str, int]:
    """How many loads died, and how many of those had been committed; all was judged."""
    command = [sys.executable, str(Path(deaths.__file__)), kind, str(folder), mode, str(every)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


@pytest.mark.parametrize("kind", KINDS)
def test_a_load_that_dies_at_some_of_its_steps(tmp_path: Path, kind: str) -> None:
    figures = killed(kind, tmp_path, "upsert", every=5)
    assert figures["died"] > figures["committed"] > 0


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_load_that_dies_at_any_of_its_steps(tmp_path: Path, kind: str, mode: str) -> None:
    figures = killed(kind, tmp_path, mode, every=1)
    assert figures["died"] > figures["committed"] > 0
