"""The search for planted secrets must find one wherever it could hide, or its silence means nothing."""

from __future__ import annotations

import base64
import sqlite3
import zlib
from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.orchestration.canary import traces

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "C4nary/+q7ZxWv"


@pytest.mark.parametrize("prefix", ["", "x", "xy"])
def test_it_finds_a_secret_in_base64(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "log").write_bytes(base64.b64encode(f"{prefix}{SECRET}tail".encode()))
    assert traces(tmp_path, SECRET)


def test_it_finds_a_secret_in_a_compressed_cell(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.db") as database:
        database.execute("CREATE TABLE snapshots (body BLOB)")
        database.execute("INSERT INTO snapshots VALUES (?)", (zlib.compress(f"x{SECRET}".encode()),))
    database.close()
    assert traces(tmp_path, SECRET) == [f"{tmp_path / 'runs.db'}:snapshots"]


def test_it_is_silent_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("C4nary is a bird")
    assert traces(tmp_path, SECRET) == []
