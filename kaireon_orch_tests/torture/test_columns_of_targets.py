"""What `columns` and `schemaPolicy` say holds on every target: the same rows, whatever keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.torture.cases import TARGETS, case

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

FOLDING = ("duckdb", "mariadb", "delta_lake")
"""Targets in which letter case does not tell columns apart."""


def given(arena: Arena, **columns: list[Any] | pa.Array) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Parquet file; `id` counts from 0."""
    path = arena.folder / f"{arena.name()}.parquet"
    height = len(next(iter(columns.values())))
    pq.write_table(pa.table({"id": pa.array(range(height)), **columns}), path)
    return connector("parquet", {"path": str(path)}), {}


def kinds(**columns: str) -> dict[str, Case]:
    return {name: case(name, None, kind) for name, kind in columns.items()}


@pytest.mark.parametrize("target", TARGETS)
def test_columns_are_chosen_cast_hashed_masked_and_renamed(arena: Arena, target: str) -> None:
    origin = given(
        arena,
        price=["1.10", None],
        mail=["a@b", "é"],
        card=["4111222233334444", "12"],
        rest=["x", "y"],
        gone=[1, 2],
    )
    table = arena.name()
    arena.load(
        origin,
        target,
        table,
        columns={
            "exclude": ["gone"],
            "cast": {"price": "decimal128(10,2)"},
            "hash": ["mail"],
            "mask": {"card": {"keepLast": 4}, "rest": {}},
            "rename": {"price": "cost"},
        },
        hash_key="00" * 32,
    )
    found = arena.found(target, table, kinds(cost="decimal", mail="text", card="text", rest="text"))
    assert [str(value) for value in found["cost"]] == ["1.10", "None"]
    assert found["card"] == ["************4444", "**"]
    assert found["rest"] == ["*", "*"]
    assert [len(value) for value in found["mail"]] == [64, 64]


@pytest.mark.parametrize("target", TARGETS)
def test_evolve_adds_a_column_and_leaves_a_vanished_one_null(arena: Arena, target: str) -> None:
    table = arena.name()
    arena.load(given(arena, a=[1], old=["x"]), target, table)
    origin = given(arena, a=[2], new=[0.5])
    (added,) = [each for each in arena.planned(origin, target, table)["columns"] if each["action"] == "add"]
    arena.load(origin, target, table)
    found = arena.found(target, table, kinds(a="int", old="text", new="float"))
    rows = sorted(zip(*found.values(), strict=True))
    assert (added["name"], rows) == ("new", [(1, "x", None), (2, None, 0.5)])


@pytest.mark.parametrize("target", TARGETS)
def test_freeze_refuses_and_discard_leaves_out(arena: Arena, target: str) -> None:
    table = arena.name()
    arena.load(given(arena, a=[1]), target, table)
    origin = given(arena, a=[2], new=[0.5])
    with pytest.raises(Fault) as caught:
        arena.load(origin, target, table, schemaPolicy="freeze")
    assert (caught.value.fault, "+new" in caught.value.message) == (FaultCode.SCHEMA_CHANGED, True)
    result = arena.load(origin, target, table, schemaPolicy="discard")
    assert "new" in result["message"]
    assert sorted(arena.found(target, table, kinds(a="int"))["a"]) == [1, 2]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("policy", ["evolve", "freeze", "discard"])
def test_a_narrower_column_is_refused_before_a_row_is_written(arena: Arena, target: str, policy: str) -> None:
    table = arena.name()
    arena.load(given(arena, a=["x"]), target, table)
    with pytest.raises(Fault) as caught:
        arena.load(given(arena, a=pa.array([[1]], pa.list_(pa.int64()))), target, table, schemaPolicy=policy)
    assert caught.value.fault in {FaultCode.TYPE_LOSSY, FaultCode.SCHEMA_CHANGED}
    assert arena.found(target, table, kinds(a="text")) == {"a": ["x"]}


@pytest.mark.parametrize("target", TARGETS)
def test_a_wider_number_widens_the_column_or_is_refused(arena: Arena, target: str) -> None:
    table = arena.name()
    arena.load(given(arena, a=pa.array([1], pa.int32())), target, table)
    origin = given(arena, a=pa.array([2**40], pa.int64()))
    refused = arena.planned(origin, target, table)["refused"]
    if refused is None:
        arena.load(origin, target, table)
    else:
        with pytest.raises(Fault, match="wider"):
            arena.load(origin, target, table)
    found = arena.found(target, table, kinds(a="int"))["a"]
    assert sorted(found) == ([1] if refused else [1, 2**40])


@pytest.mark.parametrize("target", TARGETS)
def test_a_value_is_rounded_where_the_column_says_so_alone(arena: Arena, target: str) -> None:
    origin = given(arena, a=[1.26], b=[1.5])
    with pytest.raises(Fault) as caught:
        arena.load(origin, target, arena.name(), columns={"cast": {"a": "decimal128(5,1)"}})
    assert "'a', row 1" in caught.value.message
    table = arena.name()
    cast = {"cast": {"a": {"type": "decimal128(5,1)", "allowLoss": True}, "b": "decimal128(5,1)"}}
    arena.load(origin, target, table, columns=cast)
    found = arena.found(target, table, kinds(a="decimal", b="decimal"))
    assert [str(value[0]) for value in found.values()] == ["1.3", "1.5"]


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in FOLDING])
def test_names_that_differ_in_letter_case_alone_are_told_apart(arena: Arena, target: str) -> None:
    table = arena.name()
    arena.load(given(arena, Name=["upper"], name=["lower"]), target, table)
    found = arena.found(target, table, kinds(Name="text", name="text"))
    assert found == {"Name": ["upper"], "name": ["lower"]}


@pytest.mark.parametrize("target", FOLDING)
def test_names_that_differ_in_letter_case_alone_are_refused_where_they_are_one(
    arena: Arena, target: str
) -> None:
    table = arena.name()
    with pytest.raises(Fault, match="'Name' and 'name'"):
        arena.load(given(arena, Name=["upper"], name=["lower"]), target, table)
    arena.load(given(arena, name=["lower"]), target, table)
    origin = given(arena, Name=["upper"])
    with pytest.raises(Fault, match="'Name' and 'name'"):
        arena.load(origin, target, table)
    arena.load(origin, target, table, columns={"rename": {"Name": "name"}})
    assert sorted(arena.found(target, table, kinds(name="text"))["name"]) == ["lower", "upper"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_row_that_does_not_fit_goes_aside_whatever_the_target(arena: Arena, target: str) -> None:
    table = arena.name()
    options = {"columns": {"cast": {"a": "int64"}}, "onRowError": "quarantine"}
    result = arena.load(given(arena, a=["1", "x", None]), target, table, **options)
    assert result["rowsRejected"] == 1
    assert arena.found(target, table, kinds(a="int")) == {"a": [1, None]}
    assert arena.exists(target, f"{table}__rejects")


@pytest.mark.parametrize("target", ["postgresql", "duckdb", "mariadb"])
@pytest.mark.parametrize("policy", ["evolve", "discard"])
def test_a_column_that_demands_a_value_which_the_source_lacks_is_named(
    arena: Arena, target: str, policy: str
) -> None:
    table = arena.name()
    arena.make(target, table, ["a"], "INT NOT NULL")
    with pytest.raises(Fault, match="'a'"):
        arena.load(given(arena, b=[1]), target, table, schemaPolicy=policy)
