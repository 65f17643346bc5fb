"""No container engine is needed to know that what the image runs works as it stands."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kaireon_orch.cli import up
from kaireon_orch.settings import Settings, load

if TYPE_CHECKING:
    from kaireon_orch_tests.servers.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
START_SECONDS = 60.0


def _instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def _last(instruction: str) -> str:
    return [arguments for name, arguments in _instructions() if name == instruction][-1]


def _health_command() -> list[str]:
    command: list[str] = json.loads(_last("HEALTHCHECK").split("CMD ", 1)[1])
    return command


def _image_environment(home: Path, port: int) -> dict[str, str]:
    """The image's ENV, with the home and the port of this test."""
    declared = dict(part.split("=", 1) for part in shlex.split(_last("ENV")))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("KAIREON_")}
    own = {"PATH": f"{BIN}:{os.environ['PATH']}", "KAIREON_HOME": str(home), "KAIREON_API_PORT": str(port)}
    return plain | declared | own


def _is_copied(path: str) -> bool:
    """Whether .dockerignore, which begins by leaving everything out, lets a path of the context in."""
    patterns = (ROOT / ".dockerignore").read_text().split()
    return any(fnmatch.fnmatch(path, pattern[1:]) for pattern in patterns if pattern.startswith("!"))


def test_hadolint_has_nothing_to_say() -> None:
    said = subprocess.run(
        [BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    sources = [
        source
        for name, arguments in _instructions()
        if name == "COPY" and "--from" not in arguments
        for source in arguments.split()[:-1]
    ]
    assert "kaireon_orch" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not _is_copied(source)] == []


def test_the_image_does_not_run_as_root() -> None:
    assert int(_last("USER")) > 0


def test_the_default_command_serves_and_the_health_check_sees_it(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _image_environment(tmp_path / "home", port)

    def health() -> int:
        command = _health_command()
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert health() != 0
    api = subprocess.Popen(json.loads(_last("CMD")), env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + START_SECONDS
        while health() != 0:
            assert api.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.2)
    finally:
        api.terminate()
        api.wait(timeout=30)


def test_every_role_starts_a_program_that_is_installed() -> None:
    commands = {
        name: service["command"] for name, service in COMPOSE["services"].items() if "command" in service
    }
    assert set(commands) == {"migrate", "storage", "code-server", "reload", "webserver", "daemon"}
    assert [name for name, command in commands.items() if not (BIN / command[0]).exists()] == []


@pytest.mark.parametrize("role", ["code-server", "webserver", "daemon"])
def test_the_roles_are_what_kaireon_up_starts(role: str, tmp_path: Path) -> None:
    """Those commands are run by the test of `kaireon up`; here only places may differ."""
    plan = up._Plan(load(tmp_path / "home"), 1, 2, 3)
    started = {
        service.name: service.command for service in (plan.code_server(), plan.webserver(), plan.daemon())
    }
    places = {"1", "2", "3", "127.0.0.1", "0.0.0.0", "3000", "4000"}  # noqa: S104  compared only
    ours, theirs = (
        [Path(word).name for word in command if word not in places]
        for command in (started[role], COMPOSE["services"][role]["command"])
    )
    assert ours == theirs


def test_web_server_and_daemon_are_told_no_key() -> None:
    for role in ("webserver", "daemon", "storage"):
        service = COMPOSE["services"][role]
        assert [name for name in service["environment"] if name.startswith("KAIREON_")] == []
        assert not any(volume.startswith("home:") for volume in service["volumes"])


def test_every_setting_of_the_roles_is_one() -> None:
    known = {f"KAIREON_{field.removeprefix('given_').upper()}" for field in Settings.model_fields}
    assert set(COMPOSE["services"]["api"]["environment"]) <= known


def test_dagster_makes_its_storage_in_postgresql(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.database("dagster_storage")
    text = (ROOT / "deploy" / "dagster.yaml").read_text()
    (tmp_path / "dagster.yaml").write_text(
        text.replace("/var/lib/kaireon/dagster", str(tmp_path / "artifacts"))
    )
    server = {
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_PG_HOST": postgres.host,
        "DAGSTER_PG_PORT": str(postgres.port),
        "DAGSTER_PG_USER": postgres.user,
        "DAGSTER_PG_PASSWORD": postgres.password,
        "DAGSTER_PG_DATABASE": "dagster_storage",
    }
    said = subprocess.run(
        COMPOSE["services"]["storage"]["command"],
        env=os.environ | server | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "run_storage" in said.stdout
