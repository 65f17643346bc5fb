"""Where source and table differ: evolve, freeze, discard, and types that would lose something."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

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
        ends.in_duckdb("CREATE SCHEMA public")
        return ends.in_duckdb
    return ends.in_postgres


def test_evolve_adds_columns_and_leaves_vanished_ones(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv("a,b\n1,x\n"), target)
    result = ends.run(ends.csv("a,c\n2,3.5\n"), target)
    assert look("SELECT a, b, c FROM public.t ORDER BY a") == [(1, "x", None), (2, None, 3.5)]
    assert "New columns added: c" in result["message"]


def test_evolve_widens(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a smallint, d decimal(5,2))")
    look("INSERT INTO public.t VALUES (1, 1.25)")
    text = "a,d\n3000000000,123456.789\n"
    ends.run(ends.csv(text, types={"a": "int64", "d": "decimal128(12,3)"}), target)
    assert look("SELECT a, d FROM public.t ORDER BY a") == [
        (1, Decimal("1.250")),
        (3_000_000_000, Decimal("123456.789")),
    ]


def test_freeze_shows_the_difference_and_writes_nothing(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    look("CREATE TABLE public.t (a bigint, gone text)")
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv("a,fresh\n1,2\n"), target, schemaPolicy="freeze")
    assert caught.value.fault is FaultCode.SCHEMA_CHANGED
    assert "+fresh" in caught.value.message
    assert "-gone" in caught.value.message
    assert look("SELECT count(*) FROM public.t") == [(0,)]


def test_freeze_loads_what_is_the_same(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv("a,b\n1,x\n"), target, schemaPolicy="freeze")
    ends.run(ends.csv("a,b\n2,y\n"), target, schemaPolicy="freeze")
    assert look("SELECT count(*) FROM public.t") == [(2,)]


def test_discard_leaves_new_columns_out_and_says_so(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a bigint)")
    result = ends.run(ends.csv("a,fresh\n1,2\n"), target, schemaPolicy="discard")
    assert look("SELECT * FROM public.t") == [(1,)]
    assert result["message"] == "New columns left out: fresh."
    assert [column["name"] for column in result["schema"]] == ["a"]


def test_a_missing_column_takes_its_default(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a bigint, kind text DEFAULT 'plain', n integer NOT NULL DEFAULT 7)")
    ends.run(ends.csv("a\n1\n"), target)
    assert look("SELECT a, kind, n FROM public.t") == [(1, "plain", 7)]


def test_a_column_that_needs_a_value_is_named(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a bigint, needed integer NOT NULL)")
    with pytest.raises(Fault, match="'needed'") as caught:
        ends.run(ends.csv("a\n1\n"), target)
    assert caught.value.fault is FaultCode.SCHEMA_CHANGED


@pytest.mark.parametrize(
    ("given", "column"),
    [
        ("string", "integer"),
        ("float64", "decimal(10,2)"),
        ("float64", "real"),
        ("timestamp[us]", "timestamp with time zone"),
        ("timestamp[us, UTC]", "timestamp"),
        ("date32", "timestamp"),
        ("bool", "integer"),
        ("int64", "text"),
        ("decimal128(20,4)", "double precision"),
    ],
)
def test_a_lossy_pair_is_refused_by_name(
    ends: Ends, target: dict[str, Any], look: Any, given: str, column: str
) -> None:
    look(f'CREATE TABLE public.t ("v" {column})')
    values = {"string": "x", "bool": "true", "date32": "2020-01-01", "timestamp[us]": "2020-01-01 00:00:00"}
    text = "v,w\n" + values.get(given, "2020-01-01T00:00:00Z" if "UTC" in given else "1") + ",1\n"
    with pytest.raises(Fault, match=r"v: .* into") as caught:
        ends.run(ends.csv(text, types={"v": given}), target, schemaPolicy="discard")
    assert caught.value.fault is FaultCode.TYPE_LOSSY
    assert look("SELECT count(*) FROM public.t") == [(0,)]


def test_found_types_give_way_to_the_tables_own(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (a integer, price decimal(10,2), code text, f double precision)")
    ends.run(ends.csv("a,price,code,f\n1,9.5,12,1.25\n2,19.99,34,2.50\n"), target)
    assert look("SELECT a, price, code, f FROM public.t ORDER BY a") == [
        (1, Decimal("9.50"), "12", 1.25),
        (2, Decimal("19.99"), "34", 2.5),
    ]


def test_a_found_value_that_does_not_fit_names_column_row_and_value(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    look("CREATE TABLE public.t (price decimal(10,2))")
    with pytest.raises(Fault, match=r"Column 'price', row 2: '9\.999'") as caught:
        ends.run(ends.csv("price\n9.5\n9.999\n"), target)
    assert caught.value.fault is FaultCode.TYPE_LOSSY


def test_a_computed_column_is_not_written(ends: Ends, target: dict[str, Any], look: Any) -> None:
    if target["type"] == "duckdb":
        look("CREATE TABLE public.t (a bigint, twice bigint AS (a * 2))")
    else:
        look("CREATE TABLE public.t (a bigint, twice bigint GENERATED ALWAYS AS (a * 2) STORED)")
    ends.run(ends.csv("a\n2\n"), target)
    assert look("SELECT a, twice FROM public.t") == [(2, 4)]


def test_postgresql_refuses_texts_that_it_would_change(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE public.t (v varchar(3))")
    for text, words in (
        ("abcd", "more than the 3 characters"),
        ("abc ", "more than the 3"),
        ("a\x00b", "NUL"),
    ):
        with pytest.raises(Fault, match=words) as caught:
            ends.run(ends.csv(f'v\n"{text}"\n'), ends.postgresql())
        assert caught.value.fault is FaultCode.ROW_REFUSED
    assert ends.in_postgres("SELECT count(*) FROM public.t") == [(0,)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("v text NOT NULL", ""),
        ("v text CHECK (v <> 'x')", "x"),
        ("v text REFERENCES other (v)", "x"),
        ("v mood", "x"),
    ],
)
def test_postgresqls_own_refusals_are_row_refused(ends: Ends, column: str, value: str) -> None:
    ends.in_postgres("CREATE TYPE mood AS ENUM ('sad')")
    ends.in_postgres("CREATE TABLE public.other (v text PRIMARY KEY)")
    ends.in_postgres(f"CREATE TABLE public.t (a int, {column})")
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(f"a,v\n1,{value}\n", types={"v": "string", "a": "int32"}), ends.postgresql())
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert ends.in_postgres("SELECT count(*) FROM public.t") == [(0,)]
