"""User code that prints, logs, tells and raises secrets: none is in what Dagster keeps, by the search of `kaireon audit`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kaireon_orch import settings
from kaireon_orch.cli.audit.leaks import look_everywhere
from kaireon_orch.cli.audit.search import Search, Sought
from kaireon_orch.control import connectors
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.control.secret_inventory import Inventory
from kaireon_orch_tests.canary import careless
from kaireon_orch_tests.servers.postgres import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = 'Nightjar-/+"%&\\ü-83'
KEY_LINE = "MHcCAQEEIPlantedPrivateKeyLine0123456789abcdefghijklmnopqrstuv=="
PEM = f"-----BEGIN EC PRIVATE KEY-----\n{KEY_LINE}\n-----END EC PRIVATE KEY-----\n"
DEBUG = "python_logs: {python_log_level: DEBUG, managed_python_loggers: [root, careless]}\n"
SERVER = """storage: {postgres: {postgres_db: {
  hostname: %s, port: %s, username: %s, password: {env: STORAGE_PASSWORD}, db_name: careless,
  scheme: postgresql+psycopg2}}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    monkeypatch.setenv("KAIREON_HOME", str(home))
    monkeypatch.setenv("KAIREON_LOG_LEVEL", "debug")
    monkeypatch.setenv("KAIREON_DAGSTER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    registry = Registry.open(settings.load())
    connectors.create(
        registry,
        Caller.operator("default"),
        {
            "name": careless.KEY,
            "type": "snowflake",
            "config": {"account": "acme-eu", "database": "SHOP"},
            "authMethod": "key_pair",
            "authConfig": {"username": "shopkeeper", "privateKey": PEM, "passphrase": PASSWORD},
        },
    )
    registry.close()
    (home / "dagster").mkdir()
    return home


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """dagster.yaml at its most talkative."""
    told = "telemetry: {enabled: false}\n" + DEBUG
    if request.param == "sqlite":
        (home / "dagster" / "dagster.yaml").write_text(told)
        yield "sqlite"
        return
    with running() as server:
        server.database("careless")
        monkeypatch.setenv("STORAGE_PASSWORD", server.password)
        place = SERVER % (server.host, server.port, server.user)
        (home / "dagster" / "dagster.yaml").write_text(told + place)
        yield "postgresql"


@pytest.mark.parametrize("executor", ["in_process", pytest.param("multiprocess", marks=pytest.mark.full)])
def test_what_user_code_says_of_secrets_is_kept_nowhere(home: Path, storage: str, executor: str) -> None:
    command = [sys.executable, "-m", "kaireon_orch_tests.canary.careless", executor]
    done = subprocess.run(command, capture_output=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    failed = done.stdout.decode().strip().splitlines()[-1].partition(" ")[2].split(",")
    assert failed == ["fails", "fails_twice", "raises", "raises_from", "raises_many"]
    search = searched(home, done.stdout + done.stderr)
    assert list(search.findings) == []
    area = search.areas["Dagster's storage"]
    assert area.faults == []
    assert area.places["rows"] > 60
    assert area.bodies >= 2


def searched(home: Path, told: bytes) -> Search:
    """As `kaireon audit leaks` searches, and what the processes wrote."""
    registry = Registry.open(settings.load())
    inventory, sought = Inventory(), Sought()
    for owner, value in inventory.every(registry):
        sought.add(owner, value)
    assert sought.secrets >= 4
    search = Search(sought, lambda _: None)
    look_everywhere(search, registry, inventory.variables, (), 10)
    search.look(search.area("output"), "the run's own", (told,))
    registry.close()
    return search
