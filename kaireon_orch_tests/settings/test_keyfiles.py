"""Keys and pepper are made once, for their owner alone, however many processes start together."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import SettingsError
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = 8
READ_BOTH = """
import sys
from pathlib import Path
from kaireon_orch.settings import load
settings = load(Path(sys.argv[1]))
sys.stdin.read()
print(settings.encryption_keys[0][1].get_secret_value(), settings.pepper.get_secret_value())
"""


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READ_BOTH, str(tmp_path / "home")]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(PROCESSES)
    ]
    said = {process.communicate("go")[0] for process in started}
    assert all(process.returncode == 0 for process in started)
    assert len(said) == 1
    assert {path.name for path in (tmp_path / "home").rglob("*") if path.is_file()} == {
        "encryption.keys",
        "api-keys.pepper",
    }


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    settings = load(tmp_path / "home")
    assert settings.encryption_keys
    assert settings.pepper
    keys, pepper = settings.home / "keys" / "encryption.keys", settings.home / "api-keys.pepper"
    assert (keys.stat().st_mode & 0o777, pepper.stat().st_mode & 0o777) == (0o600, 0o600)
    assert (settings.home / "keys").stat().st_mode & 0o777 == 0o700


def test_they_stay(tmp_path: Path) -> None:
    first, second = load(tmp_path / "home"), load(tmp_path / "home")
    assert first.key_material() == second.key_material()
    assert first.pepper == second.pepper


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"KAIREON_HOME: .* cannot be made"):
        load(tmp_path / "file" / "home")
