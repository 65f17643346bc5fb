"""Environments are made once, whole, and loudly."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.servers import environments
from kaireon_orch_tests.servers.environments import EnvironmentNotMade, programs

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "# needs nothing\n"


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / "emulator.lock").write_text(EMPTY)
    return folder


def test_who_comes_at_once_gets_the_same_whole_environment(locks: Path, tmp_path: Path) -> None:
    """Half an environment, which an interrupted run left, is made anew on the way."""
    cache, found = tmp_path / "cache", []
    half = cache / f"emulator-{environments._digest(locks / 'emulator.lock')}"
    (half / "bin").mkdir(parents=True)

    def come() -> None:
        found.append(programs("emulator", locks=locks, cache=cache))

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [half / "bin"] * 3
    assert (half / "bin" / "python").exists()


def test_what_cannot_be_installed_says_so(locks: Path, tmp_path: Path) -> None:
    (locks / "emulator.lock").write_text("no-hash-is-given==1.0\n")
    with pytest.raises(EnvironmentNotMade, match="no-hash-is-given"):
        programs("emulator", locks=locks, cache=tmp_path)
    assert not list(tmp_path.glob("emulator-*/complete"))


def test_another_lock_is_another_environment(locks: Path) -> None:
    lock = locks / "emulator.lock"
    before = environments._digest(lock)
    lock.write_text(f"{EMPTY}# nor this\n")
    assert environments._digest(lock) != before


def test_an_unknown_emulator_is_named(locks: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotMade, match="known: emulator"):
        programs("localstack", locks=locks, cache=tmp_path)


def test_every_lock_has_hashes_and_no_addresses() -> None:
    assert environments.names()
    for name in environments.names():
        text = (environments.LOCKS / f"{name}.lock").read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_the_node_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((environments.LOCKS / "node" / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert packages
    assert all(package["integrity"].startswith("sha") for package in packages)
    assert not [package for package in packages if "resolved" in package]
