"""`kaireon … apply`, `export` and `rotate-keys` as processes."""

from __future__ import annotations

import base64
import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import connectors, tenants
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import SecretUnreadable
from kaireon_orch.settings import load
from kaireon_orch.store.tables import Connector
from kaireon_orch.vault import key_id
from kaireon_orch_tests.cli.conftest import OPERATOR

if TYPE_CHECKING:
    from kaireon_orch_tests.cli.conftest import Home

CANARY = "Canary-Dunlin-71"
SHOP = """
connectors:
- name: Shop
  type: postgresql
  config: {host: db.example.com, port: 5432, database: shop}
  authMethod: password
  authConfig: {username: loader, password: "${env:SHOP_PASSWORD}"}
pipelines:
- {name: Orders, connector: Shop, source: {table: public.orders}}
"""


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(name.encode() * 16).decode()[:43]}="


def test_files_are_applied_after_a_plan_and_exported_again(home: Home) -> None:
    folder = home.path / "conf"
    folder.mkdir()
    (folder / "shop.yaml").write_text(SHOP)
    for kind in ("connectors", "pipelines"):
        shown = home.kaireon(kind, "apply", "-f", str(folder), SHOP_PASSWORD=CANARY)
        assert (shown.returncode, "--yes" in shown.stderr) == (2, True)
        assert f"1 {kind}: 1 to create" in shown.stdout
        done = home.kaireon(kind, "apply", "-f", str(folder), "--yes", SHOP_PASSWORD=CANARY)
        assert done.returncode == 0, done.stderr
        again = home.kaireon(kind, "apply", "-f", str(folder), "--json", SHOP_PASSWORD=CANARY)
        assert again.returncode == 0
        told = json.loads(again.stdout)
        assert (told["unchanged"], told["applied"], told["steps"][0]["action"]) == (1, False, "unchanged")
        first = home.kaireon(kind, "export")
        wrote = home.kaireon(kind, "export", "-o", str(home.path / "out"))
        assert wrote.returncode == 0
        assert (home.path / "out" / f"{kind}.yaml").read_text() == first.stdout
        assert CANARY not in shown.stdout + done.stdout + again.stdout + first.stdout
    files = [path for path in home.path.rglob("*") if path.is_file()]
    assert not [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_what_is_at_fault_is_told_and_nothing_is_done(home: Home) -> None:
    path = home.path / "shop.yaml"
    path.write_text(SHOP.replace("port: 5432", "prot: 5432"))
    said = home.kaireon("connectors", "apply", "-f", str(path), "--yes")
    assert (said.returncode, said.stdout) == (1, "")
    assert "shop.yaml:5 config.prot: is not a field of this type; the nearest is port" in said.stderr
    assert home.kaireon("connectors", "apply", "-f", str(home.path / "missing")).returncode == 2
    assert home.kaireon("connectors", "apply").returncode == 2


@pytest.mark.parametrize(("answer", "code", "made"), [("y", 0, 1), ("n", 1, 0)])
def test_who_sits_at_a_terminal_is_asked(home: Home, answer: str, code: int, made: int) -> None:
    (home.path / "shop.yaml").write_text(SHOP)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "kaireon_orch.cli", "connectors", "apply", "-f", "shop.yaml"]
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home.environment(),
        cwd=home.path,
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        _out, asked = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code
    assert b"Apply this?" in asked
    registry = home.registry()
    assert connectors.list_page(registry, OPERATOR).total == made
    registry.close()


def _filled(home: Home, count: int) -> list[str]:
    """So many connectors with a secret each, sealed with the key `old`."""
    registry = Registry.open(load(home.path, encryption_keys=key("old")))
    body = {"type": "postgresql", "authMethod": "password", "authConfig": {"password": CANARY}}
    ids = [connectors.create(registry, OPERATOR, body | {"name": f"c{number}"}).id for number in range(count)]
    registry.close()
    return ids


def _keys_of(home: Home) -> list[str]:
    registry = Registry.open(load(home.path, encryption_keys=key("old")))
    with registry.database.read() as session:
        found = [key_id(row.secrets or b"") for row in session.query(Connector).order_by(Connector.id)]
    registry.close()
    return found


def test_keys_are_rotated(home: Home) -> None:
    ids = _filled(home, 2)
    both = f"{key('new')},{key('old')}"
    dry = home.kaireon("rotate-keys", "--dry-run", "--json", KAIREON_ENCRYPTION_KEYS=both)
    assert json.loads(dry.stdout)["tenants"]["default"]["rotated"] == 3
    assert _keys_of(home) == ["old", "old"]
    done = home.kaireon("rotate-keys", KAIREON_ENCRYPTION_KEYS=both)
    assert (done.returncode, done.stdout.split()[-5:]) == (0, ["default", "3", "3", "0", "0"])
    assert _keys_of(home) == ["new", "new"]
    registry = Registry.open(load(home.path, encryption_keys=key("new")))
    assert open_connector(registry, "default", ids[0]).auth == {"password": CANARY}
    assert tenants.hash_key(registry, "default")
    registry.close()


def test_what_no_key_opens_is_told(home: Home) -> None:
    ids = _filled(home, 1)
    said = home.kaireon("rotate-keys", "--json", KAIREON_ENCRYPTION_KEYS=key("new"))
    assert said.returncode == 1
    stuck = json.loads(said.stdout)["tenants"]["default"]["notRotated"]
    assert {each["entityId"] for each in stuck} == {ids[0], "default"}
    assert ids[0] in said.stderr


def test_a_rotation_that_is_killed_goes_on_and_a_key_that_went_too_early_loses_nothing(home: Home) -> None:
    ids = _filled(home, 300)
    both = f"{key('new')},{key('old')}"
    command = [sys.executable, "-m", "kaireon_orch.cli", "rotate-keys"]
    environment = home.environment(KAIREON_ENCRYPTION_KEYS=both)
    with subprocess.Popen(command, env=environment, cwd=home.path, stdout=subprocess.DEVNULL) as process:
        while "new" not in _keys_of(home):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    half = _keys_of(home)
    assert set(half) == {"new", "old"}
    registry = Registry.open(load(home.path, encryption_keys=key("new")))
    assert len(connectors.list_page(registry, OPERATOR, limit=100).data) == 100
    for connector_id, name in zip(ids, half, strict=True):
        if name == "new":
            assert open_connector(registry, "default", connector_id).auth == {"password": CANARY}
        else:
            with pytest.raises(SecretUnreadable):
                open_connector(registry, "default", connector_id)
    registry.close()
    told = json.loads(home.kaireon("rotate-keys", "--json", KAIREON_ENCRYPTION_KEYS=both).stdout)
    counts = told["tenants"]["default"]
    assert (counts["total"], counts["notRotated"]) == (301, [])
    assert counts["rotated"] + counts["current"] == 301
    assert set(_keys_of(home)) == {"new"}
