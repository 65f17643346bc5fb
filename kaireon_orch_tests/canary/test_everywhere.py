"""Planted secrets go through everything that is done with connectors, and are nowhere afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from kaireon_orch_tests.canary.spellings import files, found, spellings, tables
from kaireon_orch_tests.servers.postgres import PASSWORD, USER, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.servers.postgres import PostgresServer

# Characters that each way of writing a text spells differently.
CANARIES = {
    name: f'{name}-Canary/+%&="\\ ü7'
    for name in ("first", "second", "url", "dsn", "key", "odd", "env", "bad")
}


@dataclass
class World:
    """A home, its API as a process at the highest log level, and everything that anybody was told."""

    home: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    told: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("KAIREON_")}
        return plain | self.settings | {"KAIREON_API_PORT": str(self.port), "SHOP_PASSWORD": CANARIES["env"]}

    def call(
        self, method: str, path: str, body: Any = None, *, content: bytes | None = None
    ) -> httpx.Response:
        key = (self.home / "admin.key").read_text().strip()
        headers = {"X-API-Key": key} | ({"Content-Type": "application/json"} if content else {})
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = httpx.request(method, url, json=body, content=content, headers=headers, timeout=60)
        self.told.append((f"{method} {path}", answer.content + repr(answer.headers.raw).encode()))
        assert answer.status_code < 500, answer.text
        return answer

    def api(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, f"/api/v1{path}", body)
        return answer.json() if answer.content else None

    def kaireon(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "kaireon_orch.cli", *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        self.told.append((f"kaireon {' '.join(arguments[:2])}", done.stdout + done.stderr))
        return done

    @contextmanager
    def served(self) -> Iterator[None]:
        """The API; its log is told at the end."""
        log = self.home.parent / "api.log"
        command = [sys.executable, "-m", "kaireon_orch.cli", "api"]
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command, env=self.environment, cwd=self.home, stdout=output, stderr=output
            ) as process,
        ):
            try:
                self._wait(process)
                yield
            finally:
                process.terminate()
                process.wait(30)
                self.told.append(("the API's log", log.read_bytes()))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/readyz")
            except httpx.ConnectError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("the API did not start")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """With PostgreSQL the registry has a server of its own: no connector reaches the registry's."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    settings = {
        "KAIREON_HOME": str(home),
        "KAIREON_EGRESS_ALLOW": "127.0.0.1",
        "KAIREON_LOG_LEVEL": "debug",
        "KAIREON_LOG_FORMAT": "json",
        "KAIREON_BREAKER_FAILURES": "2",
    }
    if request.param == "sqlite":
        yield World(home, settings)
        return
    with running() as server:
        world = World(home, settings | {"KAIREON_DATABASE_URL": server.database("canary")})
        assert world.kaireon("migrate").returncode == 0
        yield world


def planted(world: World, postgres: PostgresServer) -> None:
    """Connectors with secrets in every place that may hold one, made and changed."""
    database = {"host": postgres.host, "port": postgres.port, "database": "postgres"}
    login = {"username": USER, "password": PASSWORD}
    url = quote(CANARIES["url"], safe="")
    bodies: list[dict[str, Any]] = [
        {
            "name": "good",
            "type": "postgresql",
            "config": database,
            "authMethod": "password",
            "authConfig": login,
        },
        {
            "name": "shop",
            "type": "postgresql",
            "config": database | {"clientSecret": CANARIES["odd"]},
            "authMethod": "password",
            "authConfig": {"username": "u", "password": CANARIES["first"], "pin": CANARIES["odd"]},
        },
        {
            "name": "rows",
            "type": "csv",
            "authMethod": "none",
            "config": {"url": f"http://u:{url}@127.0.0.1:{free_port()}/r.csv?token={url}"},
        },
        {
            "name": "documents",
            "type": "mongodb",
            "authMethod": "connection_string",
            "config": {"connectionString": f"mongodb://u:{quote(CANARIES['dsn'], safe='')}@127.0.0.1:1/db"},
        },
        {"name": "sales", "type": "hubspot", "config": {"apiKey": CANARIES["key"]}},
    ]
    made = [world.api("POST", "/connectors", body) for body in bodies]
    assert all("id" in each for each in made), made
    shop = made[1]["id"]
    world.api("PUT", f"/connectors/{shop}", {"authConfig": {"password": CANARIES["second"]}})
    answers = [
        world.api("POST", "/connectors/test", {"id": each["id"]}) for each in [*made, made[1], made[1]]
    ]
    codes = [each["code"] for each in answers]
    assert (codes[0], codes[1], codes[-1]) == ("OK", "CREDENTIALS_REFUSED", "BREAKER_OPEN")
    draft = {key: bodies[1][key] for key in ("type", "config", "authMethod", "authConfig")}
    assert not world.api("POST", "/connectors/test", draft)["success"]
    world.api("POST", f"/connectors/{shop}/discover", {})
    world.api("POST", f"/connectors/{shop}/preview", {"source": {"table": "pg_class"}})


def refused(world: World) -> None:
    """Bodies that cannot be taken, with a secret in what is wrong about them."""
    bad = CANARIES["bad"]
    for body in (
        {"name": "x", "type": "postgresql", "config": {"port": bad}},
        {"name": "x", "type": "postgresql", "authMethod": "password", "authConfig": {"password": {"p": bad}}},
        {"name": "x", "type": "postgresql", "password": bad},
        {"name": "x", "type": "mysql", "authConfig": [bad]},
        [bad],
        bad,
    ):
        assert world.call("POST", "/api/v1/connectors", body).status_code == 400
        assert world.call("POST", "/api/v1/connectors/test", body).status_code == 400
    text = json.dumps({"name": bad}).encode()[:-1]
    assert world.call("POST", "/api/v1/connectors", content=text).status_code == 400


def loaded(world: World, postgres: PostgresServer) -> None:
    """Pipelines that run to the end, and that do not."""
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS birds AS SELECT 1 AS id, 'wren' AS name")
    page = world.api("GET", "/connectors?limit=100")["data"]
    ids = {each["name"]: each["id"] for each in page}
    for name, source in (("good", {"table": "public.birds"}), ("shop", {"table": "birds"}), ("rows", {})):
        body = {"name": name, "connectorId": ids[name], "source": source, "retries": {"maxAttempts": 1}}
        assert "id" in world.api("POST", "/pipelines", body)
    codes = [world.kaireon("pipelines", "run", name).returncode for name in ("good", "shop", "rows")]
    assert codes == [0, 1, 1]


def as_files(world: World) -> None:
    """Exported, applied again, applied with a reference, tested by it; keys rotated."""
    out = world.home.parent / "out"
    assert world.kaireon("connectors", "export", "-o", str(out)).returncode == 0
    assert world.kaireon("pipelines", "export").returncode == 0
    done = world.kaireon("connectors", "apply", "-f", str(out), "--yes")
    assert b'authConfig.password: (secret) -> "${env:SHOP_PASSWORD}"' in done.stdout
    assert world.kaireon("connectors", "test", "shop").returncode == 1
    assert not world.api("POST", "/encryption/rotate", {"dryRun": False})["notRotated"]
    assert world.kaireon("rotate-keys", "--json").returncode == 0


def test_planted_secrets_are_nowhere(world: World, postgres: PostgresServer) -> None:
    with world.served():
        planted(world, postgres)
        refused(world)
        loaded(world, postgres)
        as_files(world)
        for path in ("/connectors", "/pipelines", "/runs", "/audit-logs", "/api-keys", "/connector-types"):
            world.api("GET", path)
        for path in ("/metrics", "/readyz", "/api/v1/openapi.json", "/api/v1/nothing"):
            world.call("GET", path)
    secrets = [*CANARIES.values(), PASSWORD]
    assert found(world.told, secrets) == []
    assert found(files(world.home.parent), secrets) == []
    if url := world.settings.get("KAIREON_DATABASE_URL"):
        rows = list(tables(url))
        assert len(rows) > 100
        assert found(rows, secrets) == []


@pytest.mark.parametrize("secret", [CANARIES["first"], PASSWORD])
def test_each_spelling_would_be_found(secret: str, tmp_path: Path) -> None:
    for spelled in spellings(secret):
        (tmp_path / "file").write_bytes(b"before " + spelled + b" after")
        assert found(files(tmp_path), [secret]) == [str(tmp_path / "file")]
