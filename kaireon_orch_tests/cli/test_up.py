"""`kaireon up` with real servers: from an empty home to checked rows, and nothing left behind however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from kaireon_orch.cli.demo import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.cli.conftest import Home

UP_SECONDS = 240.0
GONE_SECONDS = 25.0
EXAMPLE = Path(__file__).parents[2] / "examples" / "windy_hours.py"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Up:
    """A running `kaireon up` and what it has said."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self.home = home
        self._said = home.path.parent / "said"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kaireon_orch.cli", "up", *arguments],
                env=home.environment(PYTHONUNBUFFERED="1"),
                cwd=home.path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, text: str, seconds: float = UP_SECONDS) -> None:
        give_up = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.1)

    def processes(self) -> dict[int, str]:
        """Pid → command line of every process that was told of this home."""
        mark = f"KAIREON_HOME={self.home.path}\0".encode()
        return {
            int(entry.name): _command(entry)
            for entry in Path("/proc").glob("[0-9]*")
            if mark in _environ(entry)
        }

    def wait_until_gone(self) -> None:
        give_up = time.monotonic() + GONE_SECONDS
        while left := self.processes():
            assert time.monotonic() < give_up, left
            time.sleep(0.1)


def _environ(entry: Path) -> bytes:
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def _up(home: Home, *arguments: str) -> Iterator[Up]:
    running = Up(home, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            running.process.wait(timeout=GONE_SECONDS)


@pytest.mark.timeout(400)
def test_from_an_empty_home_to_checked_rows(home: Home) -> None:
    api, dagster = _free_port(), _free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", api))
        taken.listen()
        with _up(home, "--port", str(api), "--dagster-port", str(dagster)) as running:
            running.wait_for("Ctrl-C ends all of it.")
            moved = re.search(rf"Port {api} is taken; the API gets (\d+)\.", running.said())
            assert moved is not None
            url = f"http://127.0.0.1:{moved[1]}"
            assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            assert httpx.get(f"http://127.0.0.1:{dagster}/server_info", trust_env=False).status_code == 200

            key = home.path / "admin.key"
            assert str(key) in running.said()
            assert key.stat().st_mode & 0o777 == 0o600

            _check_demo(home)
            _check_example(home)
            _check_restart(running)
            _check_that_two_do_not_share_a_home(home)

            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(timeout=GONE_SECONDS) == 0
            running.wait_until_gone()
    assert "Everything is stopped." in running.said()


def _check_demo(home: Home) -> None:
    first = home.kaireon("demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "flights: 336,776 rows" in first.stdout
    assert "Every count, NULL and sum is what Python's csv module reads in the files." in first.stdout
    assert "Braze is coming soon" in first.stdout
    began = time.monotonic()
    second = home.kaireon("demo")
    assert time.monotonic() - began < 20
    assert "connectors: 6 there already" in second.stdout
    assert second.stdout.count("loaded already") == len(plan.TABLES) + 1


def _check_example(home: Home) -> None:
    dagster = str(Path(sys.executable).with_name("dagster"))
    said = subprocess.run(
        [dagster, "asset", "materialize", "-f", str(EXAMPLE), "--select", "windy_hours"],
        env=home.environment(DAGSTER_HOME=str(home.path / "dagster")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def _check_restart(running: Up) -> None:
    reload = next(pid for pid, command in running.processes().items() if "orchestration.reload" in command)
    os.kill(reload, signal.SIGKILL)
    running.wait_for("reload ended (SIGKILL)", seconds=30)
    give_up = time.monotonic() + GONE_SECONDS
    while not any("orchestration.reload" in command for command in running.processes().values()):
        assert time.monotonic() < give_up
        time.sleep(0.1)


def _check_that_two_do_not_share_a_home(home: Home) -> None:
    said = home.kaireon("up")
    assert said.returncode == 1
    assert "is running on" in said.stderr


@pytest.mark.parametrize("whom", ["caller", "worker"])
def test_killed_it_leaves_nothing(home: Home, whom: str) -> None:
    with _up(home, "--port", str(_free_port()), "--dagster-port", str(_free_port())) as running:
        running.wait_for("api  ")
        caller = running.process.pid
        worker = int(Path(f"/proc/{caller}/task/{caller}/children").read_text().split()[0])
        assert len(running.processes()) >= 3
        os.kill(caller if whom == "caller" else worker, signal.SIGKILL)
        running.process.wait(timeout=GONE_SECONDS)
        running.wait_until_gone()


def test_a_service_that_cannot_start_is_said(home: Home) -> None:
    (home.path / "dagster").mkdir()
    (home.path / "dagster" / "history").write_text("in the way")
    with _up(home, "--port", str(_free_port()), "--dagster-port", str(_free_port())) as running:
        assert running.process.wait(timeout=UP_SECONDS) == 1
        assert "Dagster's storage could not be made; see" in running.said()
        running.wait_until_gone()


def test_the_demo_without_servers_says_what_to_do(home: Home) -> None:
    said = home.kaireon("demo")
    assert said.returncode == 1
    assert "kaireon up" in said.stderr


def test_a_home_that_cannot_be_written_is_said(home: Home) -> None:
    (home.path / "up.lock").mkdir()
    said = home.kaireon("up")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == f"kaireon: KAIREON_HOME: {home.path} cannot be written: Is a directory\n"
