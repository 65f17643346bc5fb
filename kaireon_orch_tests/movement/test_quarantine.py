"""`onRowError: quarantine`: rows that cannot be loaded go aside, in the same transaction as the others."""

from __future__ import annotations

import base64
import json
import resource
import time
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.movement.ends import Ends

TEXT = {"types": {"id": "int64", "n": "string", "mail": "string"}}
ROWS = "id,n,mail\n1,10,a@x.org\n2,ten,b@x.org\n3,,c@x.org\n4,9223372036854775808,d@x.org\n"
ASIDE = 'SELECT row_number, column_name, value, reason, "row" FROM public.t__rejects ORDER BY row_number'


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


def document(value: object) -> object:
    """What a driver makes of JSON, read."""
    return json.loads(value) if isinstance(value, str) else value


def quarantined(ends: Ends, target: dict[str, Any], text: str = ROWS, **options: Any) -> dict[str, Any]:
    given = {"columns": {"cast": {"n": "int64"}}, "onRowError": "quarantine"} | options
    return ends.run(ends.csv(text, **given.pop("csv", TEXT)), target, **given)


def test_rows_that_cannot_be_cast_go_aside(ends: Ends, target: dict[str, Any], look: Any) -> None:
    result = quarantined(ends, target, run_id="load_1")
    assert (result["rowsRead"], result["rowsLoaded"], result["rowsRejected"]) == (4, 2, 2)
    assert look("SELECT id, n FROM public.t ORDER BY id") == [(1, 10), (3, None)]
    aside = look(ASIDE)
    assert [row[:3] for row in aside] == [(2, "n", "ten"), (4, "n", "9223372036854775808")]
    assert "int64" in aside[0][3]
    assert document(aside[0][4]) == {"id": 2, "n": "ten", "mail": "b@x.org"}
    assert look("SELECT count(DISTINCT rejected_at), min(load_id) FROM public.t__rejects") == [(1, "load_1")]


def test_without_it_the_first_bad_row_is_named(ends: Ends, target: dict[str, Any], look: Any) -> None:
    with pytest.raises(Fault, match=r"Column 'n', row 2: 'ten'") as caught:
        quarantined(ends, target, onRowError="fail")
    assert caught.value.fault is FaultCode.ROW_REFUSED
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 't%' AND table_schema = 'public'"
    assert look(tables) == [(0,)]


def test_a_retry_tells_the_same_and_adds_nothing(ends: Ends, target: dict[str, Any], look: Any) -> None:
    quarantined(ends, target, run_id="once")
    again = quarantined(ends, target, run_id="once")
    assert (again["alreadyLoaded"], again["rowsLoaded"], again["rowsRejected"]) == (True, 2, 2)
    assert look("SELECT count(*) FROM public.t__rejects") == [(2,)]


@pytest.mark.parametrize("mode", ["truncate", "blue_green"])
@pytest.mark.parametrize("there", [True, False])
def test_a_load_of_which_every_row_was_rejected_changes_nothing(
    ends: Ends, target: dict[str, Any], look: Any, there: bool, mode: str
) -> None:
    if there:
        quarantined(ends, target)
    text = "id,n,mail\n7,x,m\n8,y,m\n"
    result = quarantined(ends, target, text, loadMode=mode, run_id="empty")
    assert (result["rowsLoaded"], result["rowsRejected"]) == (0, 2)
    assert "Every row was rejected" in result["message"]
    if there:
        assert look("SELECT id FROM public.t ORDER BY id") == [(1,), (3,)]
    assert look("SELECT count(*) FROM public.t__rejects WHERE load_id = 'empty'") == [(2,)]
    again = quarantined(ends, target, text, loadMode=mode, run_id="empty")
    assert again["alreadyLoaded"] is True


@pytest.mark.parametrize("mode", ["upsert", "blue_green", "scd2", "truncate"])
def test_every_mode_puts_rows_aside(ends: Ends, target: dict[str, Any], look: Any, mode: str) -> None:
    keyed: dict[str, Any] = {"loadMode": mode, "primaryKey": ["id"] if mode in {"upsert", "scd2"} else []}
    for _ in range(2):
        result = quarantined(ends, target, **keyed)
        assert (result["rowsRead"], result["rowsRejected"]) == (4, 2)
    assert look("SELECT id, n FROM public.t ORDER BY id") == [(1, 10), (3, None)]
    assert look("SELECT count(*) FROM public.t__rejects") == [(4,)]


def test_an_incremental_load_goes_on_after_what_it_put_aside(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    ends.in_postgres("CREATE TABLE public.origin (id bigint, n text)")
    ends.in_postgres("INSERT INTO public.origin VALUES (1, '1'), (2, 'x')")
    load = {
        "source": {"table": "public.origin"},
        "loadMode": "incremental_watermark",
        "cursorField": "id",
        "columns": {"cast": {"n": "int64"}},
        "onRowError": "quarantine",
    }
    first = ends.run(ends.postgresql(), target, **load)
    assert (first["rowsLoaded"], first["rowsRejected"]) == (1, 1)
    ends.in_postgres("INSERT INTO public.origin VALUES (3, '3')")
    second = ends.run(ends.postgresql(), target, **load)
    assert (second["rowsRead"], second["rowsLoaded"], second["rowsRejected"]) == (1, 1, 0)
    assert look("SELECT id FROM public.t ORDER BY id") == [(1,), (3,)]


def test_allow_empty_empties_it_all_the_same(ends: Ends, target: dict[str, Any], look: Any) -> None:
    quarantined(ends, target)
    quarantined(ends, target, "id,n,mail\n7,x,m\n", loadMode="truncate", allowEmpty=True)
    assert look("SELECT count(*) FROM public.t") == [(0,)]


def test_what_does_not_fit_the_table_goes_aside(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (id smallint, n integer, mail varchar(20) NOT NULL)")
    text = "id,n,mail\n1,10,a\n70000,20,b\n3,x,c\n4,40,\n"
    options = {"columns": {}, "schemaPolicy": "discard"}
    result = quarantined(ends, target, text, **options)
    assert look("SELECT id, n, mail FROM public.t") == [(1, 10, "a")]
    assert result["rowsRejected"] == 3
    assert [row[:3] for row in look(ASIDE)] == [(2, "id", "70000"), (3, "n", "x"), (4, "mail", None)]


def test_evolve_widens_rather_than_rejects(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (id smallint, n text, mail text)")
    result = quarantined(ends, target, "id,n,mail\n70000,1,a\n", columns={})
    assert (result["rowsRejected"], look("SELECT id FROM public.t")) == (0, [(70_000,)])


def test_freeze_takes_no_narrower_column(ends: Ends, target: dict[str, Any], look: Any) -> None:
    look("CREATE TABLE public.t (id smallint, n text, mail text)")
    with pytest.raises(Fault, match="id: int64 into") as caught:
        quarantined(ends, target, columns={}, schemaPolicy="freeze")
    assert caught.value.fault is FaultCode.SCHEMA_CHANGED


def test_postgresql_keeps_no_nul_and_no_long_text(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE public.t (v varchar(3))")
    result = quarantined(
        ends, ends.postgresql(), 'v\nabc\n"a\x00b"\nabcd\n', columns={}, csv={"types": {"v": "string"}}
    )
    assert result["rowsRejected"] == 2
    assert ends.in_postgres("SELECT v FROM public.t") == [("abc",)]
    aside = ends.in_postgres(ASIDE.replace('"row"', '"row"::text'))
    assert [row[:3] for row in aside] == [(2, "v", "a\\u0000b"), (3, "v", "abcd")]
    assert json.loads(aside[0][4]) == {"v": "a\x00b"}


def test_json_is_judged_text_by_text(ends: Ends, target: dict[str, Any], look: Any) -> None:
    text = 'n\n"{""a"": 1}"\n"{""a"": "\nNaN\n"[1, 2]"\n'
    result = quarantined(ends, target, text, columns={"cast": {"n": "json"}}, csv={"types": {"n": "string"}})
    assert (result["rowsLoaded"], result["rowsRejected"]) == (2, 2)
    assert [row[2] for row in look(ASIDE)] == ['{"a": ', "NaN"]


def test_jsonb_keeps_no_nul(ends: Ends) -> None:
    text = 'n\n"{""a"": ""\\u0000""}"\n"{""a"": ""\\\\u0000""}"\n'
    result = quarantined(
        ends,
        ends.postgresql(),
        text,
        columns={"cast": {"n": "json"}},
        csv={"types": {"n": "string"}},
    )
    assert (result["rowsLoaded"], result["rowsRejected"]) == (1, 1)
    assert ends.in_postgres("SELECT n->>'a' FROM public.t") == [("\\u0000",)]


def test_what_is_hidden_stays_hidden(ends: Ends, target: dict[str, Any], look: Any) -> None:
    columns = {
        "cast": {"n": "int64", "id": "int8"},
        "hash": ["mail"],
        "mask": {"n": {}},
        "rename": {"n": "number"},
        "exclude": ["id"],
    }
    quarantined(ends, target, columns=columns, hash_key=base64.b64encode(b"k" * 32).decode())
    aside = look(ASIDE)
    assert [row[:3] for row in aside] == [(2, "n", None), (4, "n", None)]
    shown = document(aside[0][4])
    assert isinstance(shown, dict)
    assert set(shown) == {"n", "mail"}
    assert "x.org" not in str(aside)
    assert "ten" not in str(aside)


def test_many_bad_rows_are_found_quickly(ends: Ends, target: dict[str, Any], look: Any) -> None:
    count = 200_000
    text = "id,n,mail\n" + "".join(f"{at},{'x' if at % 2 else at},m\n" for at in range(count))
    started = time.monotonic()
    result = quarantined(ends, target, text)
    assert (result["rowsLoaded"], result["rowsRejected"]) == (count // 2, count // 2)
    assert time.monotonic() - started < 20
    assert look("SELECT count(*), max(row_number) FROM public.t__rejects") == [(count // 2, count)]


def test_a_run_in_the_guarded_child(ends: Ends, target: dict[str, Any], look: Any) -> None:
    result = ends.run_child(
        ends.csv(ROWS, **TEXT), target, columns={"cast": {"n": "int64"}}, onRowError="quarantine"
    )
    assert (result["rowsLoaded"], result["rowsRejected"]) == (2, 2)
    assert look("SELECT count(*) FROM public.t__rejects") == [(2,)]


def test_a_disk_that_is_full_is_said(ends: Ends, target: dict[str, Any], look: Any) -> None:
    quarantined(ends, target, "id,n,mail\n1,1,m\n")
    lines = "".join(f"{at},x,{'m' * 99}\n" for at in range(2_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    origin = ends.csv("id,n,mail\n" + lines, types={"id": "int64", "n": "string", "mail": "string"})
    payload = ends.payload(origin, target, onRowError="quarantine", columns={"cast": {"n": "int64"}})
    job = ends.job(payload)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(Fault, match="disk is full") as caught:
            run.work(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert look("SELECT count(*) FROM public.t") == [(1,)]
