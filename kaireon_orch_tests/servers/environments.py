"""A virtual environment for each emulator, made on first use from its lock.

The emulators' pins collide with each other's and with the project's own, so each has `requirements/servers/<name>.lock`
and `.venv-servers/<name>-<hash of the lock>`. `python -m kaireon_orch_tests.servers.environments [name …]` makes them
beforehand; without a name, all.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements" / "servers"
CACHE = ROOT / ".venv-servers"
_DONE = "complete"


class EnvironmentNotMade(Exception):
    """An emulator's environment could not be made; holds the installer's last words."""


def names(locks: Path = LOCKS) -> list[str]:
    """Every emulator that has a lock."""
    return sorted(lock.stem for lock in locks.glob("*.lock"))


def programs(name: str, *, locks: Path = LOCKS, cache: Path = CACHE) -> Path:
    """The `bin` folder of the emulator's environment, which is made if it is not there.

    Workers of one test run, and runs beside each other, wait for the one that makes it. Raises `EnvironmentNotMade`.
    """
    lock = locks / f"{name}.lock"
    if not lock.is_file():
        raise EnvironmentNotMade(f"there is no lock {lock}; known: {', '.join(names(locks))}")
    folder = cache / f"{name}-{_digest(lock)}"
    with _held(cache, name):
        if not (folder / _DONE).exists():
            _make(folder, lock)
    return folder / "bin"


def node_programs(*, locks: Path = LOCKS / "node", cache: Path = CACHE) -> Path:
    """The programs of the emulators that run on Node, installed if they are not there; raises as `programs`.

    The lock names no registry (`omit-lockfile-registry-resolved`) and holds each package by its hash; no package's own
    scripts are run.
    """
    lock = locks / "package-lock.json"
    folder = cache / f"node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with _held(cache, "node"):
        if not (folder / _DONE).exists():
            _make_node(folder, locks)
    return folder / "node_modules" / ".bin"


def _make_node(folder: Path, locks: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise EnvironmentNotMade("npm is missing: apt-get install -y nodejs npm")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(locks / name, folder)
    _run((npm, "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"))
    (folder / _DONE).touch()


def _digest(lock: Path) -> str:
    """What the environment depends on: the lock, and the interpreter that it is for."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(version + lock.read_bytes()).hexdigest()[:12]


@contextmanager
def _held(cache: Path, name: str) -> Iterator[None]:
    """An exclusive lock that the kernel lets go of when this process ends, however it does."""
    cache.mkdir(exist_ok=True)
    with (cache / f"{name}.held").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # half an environment of an interrupted run
    for command in _commands(folder, lock):
        _run(command)
    (folder / _DONE).touch()


def _commands(folder: Path, lock: Path) -> Sequence[Sequence[str]]:
    """By uv where there is one, else by venv and pip."""
    python = str(folder / "bin" / "python")
    uv = _uv()
    if uv is None:
        install = (sys.executable, "-m", "pip", "--python", python, "install", "--disable-pip-version-check")
        return (
            (sys.executable, "-m", "venv", "--without-pip", str(folder)),
            (*install, "--require-hashes", "-r", str(lock)),
        )
    return (
        (uv, "venv", "--python", sys.executable, str(folder)),
        (uv, "pip", "install", "--python", python, "--require-hashes", "-r", str(lock)),
    )


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return shutil.which("uv") or (str(beside) if beside.exists() else None)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EnvironmentNotMade(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")


def main(wanted: Sequence[str]) -> None:
    """Make the named environments, or all; `node` is that of the emulators that run on Node."""
    for name in wanted or (*names(), "node"):
        if name == "node":
            node_programs()
        else:
            programs(name)


if __name__ == "__main__":
    main(sys.argv[1:])
