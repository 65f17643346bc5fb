"""What each command says and how it ends: 0 fine, 1 failed, 2 usage."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from kaireon_orch import catalogue
from kaireon_orch.control import audit
from kaireon_orch_tests.cli.conftest import OPERATOR

if TYPE_CHECKING:
    from kaireon_orch_tests.cli.conftest import Home

HELP_SECONDS = 0.5
COMMANDS = ("up", "demo", "api", "migrate", "settings", "types", "keys", "connectors", "pipelines")


def test_help_answers_at_once(home: Home) -> None:
    home.kaireon("--help")  # compiles what was never imported before
    taken = []
    for _ in range(3):
        began = time.monotonic()
        said = home.kaireon("--help")
        taken.append(time.monotonic() - began)
    assert said.returncode == 0
    assert all(f"\n  {command} " in said.stdout for command in COMMANDS)
    assert min(taken) < HELP_SECONDS


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("keys", "create"),
        ("keys", "create", "--role", "king"),
        ("connectors", "test"),
        ("pipelines", "run"),
        ("pipelines", "run", "x", "--row-limit", "-1"),
        ("up", "--port", "70000"),
        ("types", "csv", "--yaml"),
    ],
)
def test_wrong_usage_is_2(home: Home, arguments: tuple[str, ...]) -> None:
    said = home.kaireon(*arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert "Usage: " in said.stderr


def test_an_unknown_setting_stops_every_command(home: Home) -> None:
    said = home.kaireon("connectors", "list", KAIREON_TENNANT="x")
    assert said.returncode == 1
    assert said.stderr == (
        "kaireon: KAIREON_TENNANT is not a setting; the nearest is KAIREON_TENANT. "
        "`kaireon settings` lists all of them.\n"
    )


def test_settings(home: Home) -> None:
    said = home.kaireon("settings", "--json", KAIREON_API_KEY_PEPPER="hunter2")
    found = {row["name"]: row for row in json.loads(said.stdout)}
    assert found["KAIREON_HOME"] == {
        "name": "KAIREON_HOME",
        "value": str(home.path),
        "source": "env",
        "default": ".kaireon",
    }
    assert "hunter2" not in said.stdout + home.kaireon("settings", KAIREON_API_KEY_PEPPER="hunter2").stdout


def test_types(home: Home) -> None:
    listed = json.loads(home.kaireon("types", "--json").stdout)
    assert [each["type"] for each in listed] == list(catalogue.types())
    one = json.loads(home.kaireon("types", "postgresql", "--json").stdout)
    assert one["requiredFields"] == ["host", "port", "database"]
    shown = home.kaireon("types", "postgresql").stdout
    assert "authConfig of password:" in shown
    assert [line.split()[:3] for line in shown.splitlines() if line.strip().startswith("port ")] == [
        ["port", "integer", "required"]
    ]


def test_an_unknown_type_names_the_nearest(home: Home) -> None:
    said = home.kaireon("types", "postgres")
    assert (said.returncode, said.stdout) == (1, "")
    assert "did you mean postgresql" in said.stderr


def test_migrate_is_safe_to_repeat(home: Home) -> None:
    first, second = home.kaireon("migrate"), home.kaireon("migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "is at head now" in first.stdout
    assert "is at head already" in second.stdout


def test_a_key_from_its_creation_to_its_end(home: Home) -> None:
    made = home.kaireon(
        "keys", "create", "--role", "viewer", "--tenant", "acme", "--expires", "30d", "--json"
    )
    key = json.loads(made.stdout)
    assert set(key) == {"id", "key", "name", "prefix", "role", "tenant", "expiresAt", "createdAt"}
    assert (key["tenant"], key["role"]) == ("acme", "viewer")
    assert key["key"].startswith(key["prefix"])

    listed = json.loads(home.kaireon("keys", "list", "--tenant", "acme", "--json").stdout)
    assert [each["id"] for each in listed] == [key["id"]]
    assert key["key"] not in str(listed)
    assert json.loads(home.kaireon("keys", "list", "--json").stdout) == []

    assert home.kaireon("keys", "revoke", key["id"]).returncode == 1  # of another tenant
    assert home.kaireon("keys", "revoke", key["id"], "--tenant", "acme").returncode == 0
    assert json.loads(home.kaireon("keys", "list", "--tenant", "acme", "--json").stdout) == []


def test_a_key_without_json_is_all_of_stdout(home: Home) -> None:
    said = home.kaireon("keys", "create", "--role", "admin", "--name", "ci")
    assert said.returncode == 0
    assert said.stdout.startswith("krn_")
    assert said.stdout.count("\n") == 1


def test_a_key_that_expired_already_is_refused(home: Home) -> None:
    said = home.kaireon("keys", "create", "--role", "admin", "--expires", "2001-01-01T00:00:00Z")
    assert (said.returncode, said.stdout) == (1, "")
    assert "expiresAt" in said.stderr


def test_connectors(home: Home) -> None:
    home.csv("orders", "id,name\n1,one\n2,two\n")
    home.make("nowhere", "postgresql", {"host": "127.0.0.1", "port": 5432, "database": "x"}, {"table": "t"})
    listed = json.loads(home.kaireon("connectors", "list", "--json").stdout)
    assert [each["name"] for each in listed] == ["nowhere", "orders"]
    assert "authConfig" not in listed[0]

    good = home.kaireon("connectors", "test", "orders", "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["code"] == "OK"
    bad = home.kaireon("connectors", "test", "nowhere")
    assert bad.returncode == 1
    assert "ADDRESS_BLOCKED" in bad.stdout
    unknown = home.kaireon("connectors", "test", "elsewhere")
    assert (unknown.returncode, unknown.stdout) == (1, "")


def test_a_list_without_json_is_a_table(home: Home) -> None:
    home.make("shop", "sqlite", {"path": "shop.db"}, {"table": "orders"})
    heading, row = home.kaireon("pipelines", "list").stdout.splitlines()
    assert heading.split()[:2] == ["NAME", "LOAD"]
    assert row.split()[:3] == ["shop", "truncate", "yes"]


def test_a_pipeline_runs_without_any_server(home: Home) -> None:
    with sqlite3.connect(home.path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(n, f"order {n}") for n in range(1, 6)])
    database.close()
    (home.path / "files").mkdir()
    (home.path / "shop.db").rename(home.path / "files" / "shop.db")
    home.make("shop", "sqlite", {"path": str(home.path / "files" / "shop.db")}, {"table": "orders"})

    said = home.kaireon("pipelines", "run", "shop", "--row-limit", "3", "--json")
    run = json.loads(said.stdout)
    assert said.returncode == 0, said.stderr
    assert (run["status"], run["trigger"], run["rowsLoaded"], run["rowLimit"]) == ("completed", "cli", 3, 3)
    assert run["limitReached"] is True

    listed = json.loads(home.kaireon("pipelines", "list", "--json").stdout)
    assert (listed[0]["lastRunId"], listed[0]["lastRunStatus"]) == (run["id"], "completed")
    assert "3 read, 3 loaded" in said.stderr
    registry = home.registry()
    entry = audit.list_page(registry, OPERATOR).data[0]
    registry.close()
    assert (entry.action, (entry.after or {})["runId"]) == ("run", run["id"])


def test_a_run_with_a_wish_that_cannot_be_is_refused_in_words(home: Home) -> None:
    home.make("shop", "sqlite", {"path": "shop.db"}, {"table": "orders"})
    said = home.kaireon("pipelines", "run", "shop", "--row-limit", "9" * 20)
    assert (said.returncode, said.stdout) == (1, "")
    assert "rowLimit" in said.stderr


def test_an_api_without_its_port_says_so(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = home.kaireon("api", KAIREON_API_PORT=str(taken.getsockname()[1]))
    assert (said.returncode, said.stdout) == (1, "")
    assert "KAIREON_API_PORT" in said.stderr


def test_a_run_that_fails_is_1_and_shows_the_run(home: Home) -> None:
    home.make("gone", "csv", {"path": str(home.path / "files" / "gone.csv")}, {})
    said = home.kaireon("pipelines", "run", "gone", "--json")
    run = json.loads(said.stdout)
    assert said.returncode == 1
    assert (run["status"], run["rowsLoaded"]) == ("failed", 0)
    assert run["error"]["code"]
    assert home.kaireon("pipelines", "run", "nothing").returncode == 1


def test_a_coming_soon_run_is_fine(home: Home) -> None:
    home.make("braze", "braze", {"restHost": "rest.example.com"}, {"stream": "campaigns"})
    said = home.kaireon("pipelines", "run", "braze")
    assert said.returncode == 0
    assert "coming soon" in said.stdout
