"""A plan says what the run then does, and touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.movement.ends import Ends


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


@pytest.fixture
def look(ends: Ends, target: dict[str, Any]) -> Callable[[str], list[tuple[Any, ...]]]:
    if target["type"] == "duckdb":
        ends.in_duckdb("CREATE SCHEMA IF NOT EXISTS public")
        return ends.in_duckdb
    return ends.in_postgres


def planned(ends: Ends, origin: dict[str, Any], target: dict[str, Any], **options: Any) -> dict[str, Any]:
    payload = ends.payload(origin, target, **options)
    return run_job("plan", payload, policy=ends.policy(), deadline=60).result


def by_name(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in plan["columns"]}


CSV = {"types": {"a": "int64", "b": "string", "u": "uint16"}}
ROWS = "a,b,u\n1,x,2\n"


def test_a_new_table(ends: Ends, target: dict[str, Any], look: Any) -> None:
    plan = planned(ends, ends.csv(ROWS, **CSV), target)
    assert (plan["table"], plan["exists"], plan["refused"]) == ("public.t", False, None)
    columns = by_name(plan)
    assert {each["action"] for each in columns.values()} == {"create"}
    assert columns["a"] == {
        "name": "a",
        "sourceName": "a",
        "sourceType": "text",
        "arrowType": "int64",
        "targetArrowType": "int64",
        "targetType": {"duckdb": "BIGINT", "postgresql": "bigint"}[target["type"]],
        "fidelity": "exact",
        "reason": None,
        "action": "create",
    }
    form = {"duckdb": "exact", "postgresql": "exact_in_another_form"}[target["type"]]
    assert columns["u"]["fidelity"] == form
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert look(tables) == [(0,)]


def test_what_is_added_widened_left_and_untouched(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a smallint, gone text)")
    plan = planned(ends, ends.csv(ROWS, **CSV), target)
    columns = by_name(plan)
    assert (columns["a"]["action"], columns["b"]["action"]) == ("widen", "add")
    assert plan["untouched"] == ["gone"]
    assert plan["note"] == "New columns added: b, u."
    discard = by_name(planned(ends, ends.csv(ROWS, **CSV), target, schemaPolicy="discard"))
    assert (discard["b"]["action"], discard["b"]["targetType"]) == ("leave_out", None)


def test_a_refusal_is_the_runs_own(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a bigint, b integer, u integer)")
    origin = ends.csv(ROWS, **CSV)
    plan = planned(ends, origin, target)
    assert by_name(plan)["b"]["fidelity"] == "lossy"
    assert "b: string into" in by_name(plan)["b"]["reason"]
    with pytest.raises(Fault) as caught:
        ends.run(origin, target)
    assert plan["refused"] == {"code": caught.value.code, "message": caught.value.message}
    assert plan["refused"]["code"] == "TYPE_LOSSY"
    freeze = planned(ends, origin, target, schemaPolicy="freeze")
    assert freeze["refused"]["code"] == "SCHEMA_CHANGED"


def test_columns_that_are_cast_hashed_and_renamed(ends: Ends, target: dict[str, Any]) -> None:
    columns = {
        "cast": {"a": "int16", "u": {"type": "int8", "allowLoss": True}},
        "mask": {"b": {}},
        "rename": {"a": "id"},
    }
    plan = planned(ends, ends.csv(ROWS, **CSV), target, columns=columns)
    found = by_name(plan)
    assert found["id"]["sourceName"] == "a"
    assert (found["id"]["fidelity"], found["u"]["fidelity"], found["b"]["fidelity"]) == (
        "exact_in_another_form",
        "lossy",
        "lossy",
    )
    assert "allowLoss" in found["u"]["reason"]


def test_an_unknown_column_is_what_a_run_would_be_refused_with(ends: Ends, target: dict[str, Any]) -> None:
    plan = planned(ends, ends.csv(ROWS, **CSV), target, columns={"hash": ["bb"]})
    assert plan["refused"]["code"] == "OBJECT_MISSING"
    assert "did you mean 'b'" in plan["refused"]["message"]
    assert plan["columns"] == []


def test_a_cast_that_drops_something_needs_allow_loss(ends: Ends, target: dict[str, Any]) -> None:
    origin = ends.csv("t\n2020-01-01 10:11:12\n", types={"t": "timestamp[us]"})
    plan = planned(ends, origin, target, columns={"cast": {"t": "time64[us]"}})
    assert plan["refused"]["code"] == "TYPE_LOSSY"
    with pytest.raises(Fault, match="allowLoss"):
        ends.run(origin, target, columns={"cast": {"t": "time64[us]"}})
    loose = {"cast": {"t": {"type": "time64[us]", "allowLoss": True}}}
    assert by_name(planned(ends, origin, target, columns=loose))["t"]["fidelity"] == "lossy"
    assert ends.run(origin, target, columns=loose)["rowsLoaded"] == 1


def test_a_plan_waits_for_no_run(ends: Ends, look: Any, target: dict[str, Any]) -> None:
    """Of two databases' types: PostgreSQL's own survive into it, and are text elsewhere."""
    ends.in_postgres("CREATE TABLE public.origin (i inet, n numeric, ts timestamptz, e interval)")
    plan = planned(ends, ends.postgresql(), target, source={"table": "origin"})
    found = by_name(plan)
    assert [found[name]["sourceType"] for name in "in"] == ["inet", "numeric"]
    kept = target["type"] == "postgresql"
    assert {found[name]["fidelity"] for name in "ine"} == {"exact" if kept else "exact_in_another_form"}
    assert found["ts"]["fidelity"] == "exact"
    assert found["i"]["targetType"] == ("inet" if kept else "VARCHAR")
