"""`kaireon pipelines state`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import connectors, pipelines
from kaireon_orch_tests.cli.conftest import OPERATOR

if TYPE_CHECKING:
    from kaireon_orch_tests.cli.conftest import Home


@pytest.fixture
def shop(home: Home) -> Home:
    """A pipeline `orders` that reads three rows from a cursor on."""
    registry = home.registry()
    folder = registry.settings.home / "files"
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database, database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        database.execute("INSERT INTO orders VALUES (1), (2), (3)")
    source = {"name": "shop", "type": "sqlite", "config": {"path": "shop.sqlite"}, "authMethod": "none"}
    made = connectors.create(registry, OPERATOR, source)
    pipeline = {"name": "orders", "connectorId": made.id, "source": {"table": "orders"}}
    terms = {"loadMode": "incremental_watermark", "cursorField": "id"}
    pipelines.create(registry, OPERATOR, pipeline | terms)
    registry.close()
    return home


def test_a_state_is_shown_set_and_forgotten(shop: Home) -> None:
    said = shop.kaireon("pipelines", "state", "orders")
    assert (said.returncode, said.stdout) == (0, "orders: the next run reads id from the beginning\n")
    assert shop.kaireon("pipelines", "run", "orders").returncode == 0
    loaded = shop.kaireon("pipelines", "state", "orders").stdout.splitlines()
    assert loaded[0] == "orders: public.orders holds rows up to id 3"
    assert "incremental_watermark, 3 rows" in loaded[1]
    moved = shop.kaireon("pipelines", "state", "orders", "--set", "1", "--reason", "load two again", "--json")
    assert (json.loads(moved.stdout)["watermark"], json.loads(moved.stdout)["loadMode"]) == (1, "state")
    ran = json.loads(shop.kaireon("pipelines", "run", "orders", "--json").stdout)
    assert ran["rowsLoaded"] == 2
    gone = shop.kaireon("pipelines", "state", "orders", "--forget", "--reason", "all of it again")
    assert gone.stdout.startswith("orders: the next run reads id from the beginning\n")


def test_moving_a_state_needs_a_reason_and_a_value_of_its_type(shop: Home) -> None:
    unsaid = shop.kaireon("pipelines", "state", "orders", "--forget")
    assert (unsaid.returncode, "reason" in unsaid.stderr) == (1, True)
    wrong = shop.kaireon("pipelines", "state", "orders", "--set", "soon", "--reason", "because")
    assert (wrong.returncode, "watermark" in wrong.stderr) == (1, True)
    both = shop.kaireon("pipelines", "state", "orders", "--set", "1", "--forget", "--reason", "because")
    assert both.returncode == 2
