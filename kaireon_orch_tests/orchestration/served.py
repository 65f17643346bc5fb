"""Dagster as `kaireon up` runs it: code server, webserver and reloader as processes of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from dagster import DagsterInstance

import kaireon_orch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

TOP = Path(kaireon_orch.__file__).parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Dagster:
    """A running Dagster: its web address and its home."""

    url: str
    home: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """The `data` of a GraphQL answer that has no errors."""
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30
        ).raise_for_status()
        document = answer.json()
        assert "errors" not in document, document["errors"]
        return document["data"]


@contextmanager
def serving(
    home: Path, patch: pytest.MonkeyPatch, module: str = "kaireon_orch.definitions"
) -> Iterator[Dagster]:
    """Start everything on free ports, with the repository's own dagster.yaml and workspace.yaml."""
    code, web = free_port(), free_port()
    dagster_home = home / "dagster"
    dagster_home.mkdir(parents=True)
    shutil.copy(TOP / "dagster.yaml", dagster_home)
    for name, value in environment(home, code, web).items():
        patch.setenv(name, value)
    DagsterInstance.from_config(str(dagster_home)).dispose()
    dagster = Dagster(f"http://127.0.0.1:{web}", dagster_home)
    with ExitStack() as processes:
        for command in commands(code, web, module):
            processes.enter_context(
                process(command, home / f"{Path(command[0]).name}-{command[2][-10:]}.log")
            )
        until(lambda: is_up(dagster), START_SECONDS)
        yield dagster


def environment(home: Path, code: int, web: int) -> dict[str, str]:
    return {
        "KAIREON_HOME": str(home),
        "KAIREON_DAGSTER_URL": f"http://127.0.0.1:{web}",
        "KAIREON_CODE_SERVER": f"127.0.0.1:{code}",
        "DAGSTER_HOME": str(home / "dagster"),
        "CODE_SERVER_HOST": "127.0.0.1",
        "CODE_SERVER_PORT": str(code),
    }


def commands(code: int, web: int, module: str) -> list[list[str]]:
    served = ["-m", module, "-a", "defs", "--location-name", "kaireon_orch"]
    place = ["-h", "127.0.0.1", "-p"]
    return [
        [str(BIN / "dagster"), "code-server", "start", *served, *place, str(code)],
        [str(BIN / "dagster-webserver"), "-w", str(TOP / "workspace.yaml"), *place, str(web)],
        [sys.executable, "-m", "kaireon_orch.orchestration.reload"],
        [sys.executable, "-m", "kaireon_orch.orchestration.run_server"],
    ]


@contextmanager
def process(command: list[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    with log.open("wb") as sink:
        started = subprocess.Popen(command, stdout=sink, stderr=sink, env=env or os.environ.copy())
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def is_up(dagster: Dagster) -> bool:
    """Whether the webserver shows the code location."""
    try:
        shown = dagster.ask("{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}")
    except httpx.TransportError:
        return False
    return bool(shown["repositoriesOrError"].get("nodes"))


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Wait until `holds()`; the seconds that it took. Fails with the time that it did not."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - start
