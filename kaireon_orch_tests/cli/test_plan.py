"""`kaireon pipelines plan`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import pipelines
from kaireon_orch_tests.cli.conftest import OPERATOR

if TYPE_CHECKING:
    from kaireon_orch_tests.cli.conftest import Home


@pytest.fixture
def planned(home: Home) -> Home:
    home.csv("orders", "id,item\n1,pen\n")
    return home


def test_a_plan_for_people_and_for_machines(planned: Home) -> None:
    said = planned.kaireon("pipelines", "plan", "orders")
    assert said.returncode == 0, said.stderr
    first, heading, column, *_ = said.stdout.splitlines()
    assert first.endswith("into public.orders (to be made)")
    assert heading.split()[:4] == ["COLUMN", "SOURCE", "ARROW", "TARGET"]
    assert column.split()[:6] == ["id", "text", "int64", "BIGINT", "create", "exact"]
    shown = json.loads(planned.kaireon("pipelines", "plan", "orders", "--json").stdout)
    assert [each["fidelity"] for each in shown["columns"]] == ["exact", "exact"]


def test_a_refusal_is_an_exit_code(planned: Home) -> None:
    registry = planned.registry()
    found = pipelines.by_name(registry, "default", "orders")
    pipelines.change(registry, OPERATOR, found.id, {"columns": {"exclude": ["itme"]}})
    registry.close()
    said = planned.kaireon("pipelines", "plan", "orders")
    assert said.returncode == 1
    assert "did you mean 'item'" in said.stdout
    assert planned.kaireon("pipelines", "plan", "nothing").returncode == 1
