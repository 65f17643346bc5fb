"""deploy/compose.yaml without an engine: each service's own command and environment, as a process on loopback.

What differs from the containers is where things are: hosts and ports, the image's folder, and one home for all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import yaml
from psycopg import sql

from kaireon_orch_tests.orchestration.served import process, until
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch_tests.servers.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
IMAGE_HOME = "/var/lib/kaireon"
IMAGE_DAGSTER = "/opt/kaireon/dagster"
START_SECONDS = 90.0
ONCE_SECONDS = 120.0
SAID_IN_ENV_FILE = {
    "POSTGRES_PASSWORD": "Heather-Ibis-31",
    "KAIREON_ENCRYPTION_KEYS": "k1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
    "KAIREON_API_KEY_PEPPER": "Basalt-Wren-58",
}


@dataclass(frozen=True)
class Composed:
    """The services' places; `home` is the volume that API and code server share."""

    server: PostgresServer
    folder: Path
    allow: str = ""
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("8000", "4000", "3000")}
    )

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports['8000']}"

    @property
    def dagster(self) -> str:
        return f"http://127.0.0.1:{self.ports['3000']}"

    def environment(self, service: str) -> dict[str, str]:
        """What the container of `service` would have, and of this process's own no setting of ours or Dagster's."""
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("KAIREON_", "DAGSTER_"))
        }
        image = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "KAIREON_HOME": str(self.home),
            "KAIREON_API_PORT": str(self.ports["8000"]),
            "DAGSTER_HOME": str(self.folder / "dagster"),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }
        given = COMPOSE["services"][service].get("environment", {})
        hosts = {"postgres": "127.0.0.1", "code-server": "127.0.0.1", "5432": str(self.server.port)}
        placed = {name: self._placed(self._filled(value)) for name, value in given.items()}
        return plain | image | {name: hosts.get(value, value) for name, value in placed.items()}

    def command(self, service: str) -> list[str]:
        told = COMPOSE["services"][service].get("command", ["kaireon", "api"])
        return [self._placed(str(word)) for word in told]

    def once(self, *command: str, service: str) -> str:
        """Run to the end in the environment of `service`, and what it printed."""
        done = subprocess.run(
            command or self.command(service),
            env=self.environment(service),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=ONCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _filled(self, value: str) -> str:
        """`${NAME:?…}` and `${NAME:-default}`, as compose reads them."""
        known = SAID_IN_ENV_FILE | {"KAIREON_EGRESS_ALLOW": self.allow}
        return re.sub(r"\$\{(\w+):[?-][^}]*\}", lambda found: known[found[1]], str(value))

    def _placed(self, value: str) -> str:
        at = f"@127.0.0.1:{self.server.port}/"
        value = value.replace("@postgres:5432/", at).replace(IMAGE_DAGSTER, str(self.folder / "dagster"))
        if value in self.ports:
            return str(self.ports[value])
        for name in ("code-server", "webserver"):
            value = re.sub(rf"\b{name}:(\d+)", lambda found: f"127.0.0.1:{self.ports[found[1]]}", value)
        return "127.0.0.1" if value == "0.0.0.0" else value  # noqa: S104  what the containers bind


def _databases(server: PostgresServer) -> None:
    """What the image of PostgreSQL does at its first start: its user, that user's database, the script."""
    given = COMPOSE["services"]["postgres"]["environment"]
    password = SAID_IN_ENV_FILE["POSTGRES_PASSWORD"]
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        role = sql.Identifier(given["POSTGRES_USER"])
        connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(role, password))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        for statement in filter(str.strip, COMPOSE["configs"]["databases"]["content"].split(";")):
            connection.execute(sql.SQL(statement))


@contextmanager
def composed(server: PostgresServer, folder: Path, *, allow: str = "") -> Iterator[Composed]:
    """Everything of deploy/compose.yaml in the order of its `depends_on`, up and answering."""
    made = Composed(server, folder, allow)
    (made.home / "dagster").mkdir(parents=True)
    (folder / "dagster").mkdir()
    _databases(server)
    text = (ROOT / "deploy" / "dagster.yaml").read_text().replace(IMAGE_HOME, str(made.home))
    (folder / "dagster" / "dagster.yaml").write_text(text)
    shutil.copy(ROOT / "workspace.yaml", folder / "dagster")
    for service in ("migrate", "storage"):
        made.once(service=service)
    with ExitStack() as processes:
        for service in ("api", "code-server", "reload", "webserver", "daemon"):
            log = folder / f"{service}.log"
            processes.enter_context(process(made.command(service), log, made.environment(service)))
        until(lambda: _answers(f"{made.api}/readyz") and _has_locations(made), START_SECONDS)
        yield made


def key(made: Composed) -> str:
    """An administrator's key, made as compose.yaml's head says."""
    said = made.once("kaireon", "keys", "create", "--role", "admin", "--json", service="api")
    return str(json.loads(said)["key"])


def ask(made: Composed, query: str, **variables: Any) -> Mapping[str, Any]:
    """The `data` of the web server's answer."""
    answer = httpx.post(
        f"{made.dagster}/graphql", json={"query": query, "variables": variables}, timeout=30
    ).raise_for_status()
    document = answer.json()
    assert "errors" not in document, document["errors"]
    data: Mapping[str, Any] = document["data"]
    return data


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def _has_locations(made: Composed) -> bool:
    if not _answers(f"{made.dagster}/server_info"):
        return False
    shown = ask(made, "{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}")
    return bool(shown["repositoriesOrError"].get("nodes"))
