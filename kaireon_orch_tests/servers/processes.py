"""A server as a child of the test run: started with a clean environment, waited for, and gone with the run."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

START_SECONDS = 120.0


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """A private folder for the server's data; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"kaireon-{name}-") as path:
        yield Path(path)


@contextmanager
def served(
    command: Sequence[str], home: Path, answers: Callable[[], bool], outer: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """The server's log, as soon as it `answers`. A server that does not come up fails the test, and shows its log.

    It is killed at the end, and follows this process into death (`--pdeathsig`), so that a killed run leaves none.
    """
    log = home / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **(outer or {})}
    follow = ("setpriv", "--pdeathsig", "KILL", "--")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            (*follow, *command), stdout=output, stderr=output, env=environment, cwd=home
        ) as process,
    ):
        try:
            _wait(process, command, log, answers)
            yield log
        finally:
            process.kill()


def _wait(
    process: subprocess.Popen[bytes], command: Sequence[str], log: Path, answers: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.1)
    words = f"{Path(command[0]).name} did not start:\n{log.read_text(errors='replace')[-2000:]}"
    pytest.fail(words, pytrace=False)


def answers_http(url: str, *, verify: bool = True) -> bool:
    """Whether something speaks HTTP there, whatever it says."""
    try:
        httpx.get(url, trust_env=False, verify=verify, timeout=5)
    except httpx.HTTPError:
        return False
    return True
