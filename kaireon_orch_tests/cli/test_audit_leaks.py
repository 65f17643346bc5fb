"""`kaireon audit leaks` finds what is planted where no secret may be, names it, and shows nothing of it."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import settings
from kaireon_orch.cli.audit import questions
from kaireon_orch.cli.audit.leaks import leaks
from kaireon_orch.cli.audit.trial import try_itself
from kaireon_orch.control import connectors, keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATOR = Caller.operator("default")
PASSWORD = 'Sunbird/+"%ü-41'
TOKEN = "tok-Weaverbird-77"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIREON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAIREON_DAGSTER_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    registry = Registry.open(settings.load())
    keys.create_admin_key_file(registry)
    config = {"host": "db.example.com", "database": "shop"}
    login = {"username": "shopkeeper", "password": PASSWORD}
    shop = {"name": "shop", "type": "postgresql", "config": config, "authMethod": "password"}
    connectors.create(registry, OPERATOR, shop | {"authConfig": login})
    rows = {"name": "rows", "type": "csv", "config": {"url": f"https://h.example.com/r.csv?token={TOKEN}"}}
    connectors.create(registry, OPERATOR, rows)
    short = {"name": "short", "authConfig": {"username": "u", "password": "abc"}}
    connectors.create(registry, OPERATOR, shop | short)
    registry.close()
    (tmp_path / "home" / "dagster").mkdir()
    return tmp_path / "home"


def audit(*also: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON document, and its text."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = leaks(also, 100, as_json=True)
    return code, json.loads(told.getvalue()), told.getvalue()


def places(told: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["where"], each["connector"], each["field"]) for each in told["findings"]}


def test_a_clean_installation_is_found_clean_and_what_was_searched_is_told(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "api.log").write_text("all is well")
    code, told, _ = audit()
    assert (code, told["findings"]) == (0, [])
    assert told["sought"]["connectors"] == 3
    assert told["sought"]["tooShort"] == 1
    assert told["selfTest"]["planted"] == told["selfTest"]["found"] > 50
    searched = {area["area"]: area for area in told["searched"]}
    assert searched["home"]["files"] >= 2
    assert searched["home"]["rows"] > 5
    assert "no webserver" in searched["GraphQL answers"]["notes"][0]


def test_what_is_planted_is_named_by_place_connector_field_and_spelling(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "api.log").write_text(f"x={json.dumps(PASSWORD)} t={TOKEN}")
    with closing(sqlite3.connect(home / "dagster" / "runs.db")) as database, database:
        database.execute("CREATE TABLE snapshots (id INTEGER, snapshot_body BLOB)")
        database.execute("INSERT INTO snapshots VALUES (7, ?)", (zlib.compress(PASSWORD.encode()),))
        database.execute("CREATE TABLE kvs (key TEXT, value TEXT)")
        cursor = "0" + base64.b64encode(zlib.compress(TOKEN.encode() * 3)).decode()
        database.execute("INSERT INTO kvs VALUES ('cursor', ?)", (cursor,))
    code, told, text = audit()
    assert code == 1
    assert places(told) == {
        ("logs/api.log", "shop", "authConfig.password"),
        ("logs/api.log", "rows", "config.url"),
        ("runs.db snapshots id=7 snapshot_body", "shop", "authConfig.password"),
        ("runs.db kvs key=cursor value", "rows", "config.url"),
        ("runs.db", "rows", "config.url"),  # the file's own bytes, where deleted rows stay too
    }
    spelled = {each["spelling"] for each in told["findings"]}
    assert spelled == {"json", "clear", "clear, compressed"}
    assert PASSWORD not in text
    assert TOKEN not in text


def test_a_name_that_holds_the_secret_is_not_told(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / f"{TOKEN}.log").write_text("")
    code, told, text = audit()
    assert (code, len(told["findings"])) == (1, 1)
    assert TOKEN not in text


def test_an_api_key_is_found_by_its_hash_and_told_by_its_id(home: Path) -> None:
    key = (home / "admin.key").read_text().strip()
    (home / "request.log").write_text(f"X-API-Key: {key}")
    code, told, text = audit()
    assert code == 1
    assert {(each["where"], each["connector"]) for each in told["findings"]} == {("request.log", "(API key)")}
    assert key not in text


def test_the_installation_s_own_keys_are_looked_for(home: Path) -> None:
    text = (home / "keys" / "encryption.keys").read_text().strip()
    (home / "dagster" / "out.log").write_text(f"key is {text}")
    code, told, _ = audit()
    assert code == 1
    assert places(told) == {("out.log", "(this installation)", "KAIREON_ENCRYPTION_KEYS (k1)")}


def test_files_named_are_searched_too(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "collected.log"
    log.write_bytes(b"." * 3_000_000 + PASSWORD.encode())
    code, told, _ = audit(log)
    assert code == 1
    assert places(told) == {("collected.log", "shop", "authConfig.password")}


def test_a_process_is_searched_where_it_works_on_this_home(home: Path) -> None:
    with sleeping("X_SHOP", PASSWORD, TOKEN) as pid:
        code, told, _ = audit()
    assert code == 1
    where = {each["where"].removeprefix(f"process {pid} python ") for each in told["findings"]}
    assert where >= {"command line"}
    assert any(place.endswith("variable X_SHOP") for place in where)


@contextmanager
def sleeping(variable: str, value: str, argument: str) -> Iterator[int]:
    command = [sys.executable, "-c", "print(flush=True); input()", argument]
    with subprocess.Popen(
        command,
        env=os.environ | {variable: value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_the_search_finds_its_own_secret_in_every_wrapping() -> None:
    assert try_itself() > 50


def test_dagster_understands_every_question() -> None:
    from dagster_graphql.schema import create_schema  # noqa: PLC0415  two seconds that only this test needs
    from graphql import parse, validate  # noqa: PLC0415  as above

    schema = create_schema().graphql_schema
    assert [validate(schema, parse(each)) for each in questions.EVERY] == [[]] * len(questions.EVERY)


def test_people_are_told_the_same(home: Path, tmp_path: Path) -> None:
    (tmp_path / "collected.log").write_text(PASSWORD)
    command = [sys.executable, "-m", "kaireon_orch.cli", "audit", "leaks", str(tmp_path / "collected.log")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Left out: 1 secrets of fewer than 6 bytes" in done.stdout
    assert "collected.log" in done.stdout
    assert PASSWORD not in done.stdout


def test_an_unknown_option_is_a_usage_error(home: Path) -> None:
    command = [sys.executable, "-m", "kaireon_orch.cli", "audit", "leaks", "--nothing"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_no_command_and_nothing_that_it_starts_leaves_a_core_file() -> None:
    told = (
        "import resource, subprocess, sys; from kaireon_orch.cli.main import leave_no_core; leave_no_core()"
    )
    child = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    started = f"{told}; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    done = subprocess.run([sys.executable, "-c", started], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0)"
