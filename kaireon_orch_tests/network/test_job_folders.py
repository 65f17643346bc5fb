"""A job's folder goes with its job; one whose process was killed goes with the next."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kaireon_orch
from kaireon_orch.network.job_folders import PREFIX, job_folder, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD = """
import time
from kaireon_orch.network.job_folders import job_folder
with job_folder() as folder:
    (folder / "client.key").write_text("secret")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder of this process and of those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    tempfile.tempdir = str(tmp_path)
    yield tmp_path
    tempfile.tempdir = None


@contextmanager
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    root = Path(next(iter(kaireon_orch.__path__))).parent
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_it_is_private_and_goes_with_its_job(scratch: Path) -> None:
    with job_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "spool").write_text("rows")
    assert list(scratch.iterdir()) == []


def test_a_killed_processs_folder_goes_with_the_next_job(scratch: Path) -> None:
    with holder() as (process, left):
        process.kill()
        process.wait()
        assert (left / "client.key").exists()
        with job_folder() as folder:
            assert list(scratch.iterdir()) == [folder]


def test_a_living_processs_folder_stays() -> None:
    with holder() as (_, held), job_folder():
        assert (held / "client.key").exists()


def test_what_is_no_folder_of_ours_stays(scratch: Path) -> None:
    other = scratch / "other"
    other.mkdir()
    (other / "kept").touch()
    (scratch / f"{PREFIX}link").symlink_to(other)
    (scratch / f"{PREFIX}file").touch()
    sweep()
    assert sorted(path.name for path in scratch.iterdir()) == [f"{PREFIX}file", f"{PREFIX}link", "other"]
    assert (other / "kept").exists()


def test_a_sweep_passes_over_what_another_holds(scratch: Path) -> None:
    held = scratch / f"{PREFIX}held"
    held.mkdir()
    descriptor = os.open(held, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    sweep()
    assert held.exists()
    os.close(descriptor)
    sweep()
    assert not held.exists()
