"""A pipeline's state in its target's ledger: looked at, moved by hand, and what the next load makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
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
    return ends.in_duckdb if target["type"] == "duckdb" else ends.in_postgres


def state(
    ends: Ends, target: dict[str, Any], wanted: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    payload = {
        "pipelineId": "pipe_1",
        "target": target,
        "targetTable": {"schema": "public", "table": "t"},
        "set": wanted,
        **more,
    }
    return run_job("state", payload, policy=ends.policy(), deadline=60).result


def test_before_the_first_load_there_is_none_and_looking_makes_nothing(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    assert state(ends, target) == {"before": None, "after": None}
    if target["type"] == "postgresql":
        assert look("SELECT to_regclass('public._kaireon_loads')") == [(None,)]
    else:
        assert not (ends.folder / "warehouse.duckdb").exists()


def test_a_state_can_be_set_before_the_first_load(ends: Ends, target: dict[str, Any], look: Any) -> None:
    moved = state(ends, target, {"entryId": "state_1", "checkpoint": {"watermark": 5, "cursorField": "id"}})
    assert moved["before"] is None
    assert (moved["after"]["mode"], moved["after"]["rows"]) == ("state", 0)
    assert moved["after"]["committedAt"].endswith("Z")
    assert state(ends, target)["after"] == moved["after"]
    assert look("SELECT load_id, mode, rows FROM public._kaireon_loads") == [("state_1", "state", 0)]


def test_the_next_load_goes_on_from_a_state_that_was_set(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    ends.in_postgres("CREATE TABLE public.origin AS SELECT x AS id FROM generate_series(1, 10) x")
    load = {"loadMode": "incremental_watermark", "cursorField": "id", "source": {"table": "origin"}}
    first = ends.run(ends.postgresql(), target, **load)
    assert first["rowsLoaded"] == 10
    assert state(ends, target)["after"]["checkpoint"]["watermark"] == 10
    state(ends, target, {"entryId": "state_1", "checkpoint": {"watermark": 7, "cursorField": "id"}})
    assert ends.run(ends.postgresql(), target, **load)["rowsLoaded"] == 3
    assert ends.run(ends.postgresql(), target, **load)["rowsLoaded"] == 0
    state(ends, target, {"entryId": "state_2", "checkpoint": None})
    assert ends.run(ends.postgresql(), target, **load)["rowsLoaded"] == 10
    assert look("SELECT count(*) FROM public.t") == [(23,)]


def test_the_last_load_is_the_newest_whatever_the_clock_says(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    ends.in_postgres("CREATE TABLE public.origin AS SELECT x AS id FROM generate_series(1, 10) x")
    load = {"loadMode": "incremental_watermark", "cursorField": "id", "source": {"table": "origin"}}
    ends.run(ends.postgresql(), target, **load, row_limit=4)
    look("UPDATE public._kaireon_loads SET committed_at = committed_at + INTERVAL '1 hour'")
    ends.run(ends.postgresql(), target, **load)
    assert state(ends, target)["after"]["checkpoint"]["watermark"] == 10
    assert ends.run(ends.postgresql(), target, **load)["rowsRead"] == 0


KINDS = [
    ("integer", "7", 7, "7.5"),
    ("numeric(8,2)", 7, "7.00", "7.001"),
    ("numeric", "7.10", "7.10", "seven"),
    ("double precision", 7, 7.0, "seven"),
    ("date", "2026-02-01", "2026-02-01", "2026-02-30"),
    ("timestamp", "2026-02-01", "2026-02-01T00:00:00.000000", "2026-02-01T00:00:00Z"),
    ("timestamptz", "2026-02-01 01:00+01:00", "2026-02-01T00:00:00.000000Z", "soon"),
    ("timestamptz", "2026-02-01", "2026-02-01T00:00:00.000000Z", 7),
    ("text", "b'c", "b'c", 7),
    (
        "uuid",
        "0191E4B0-1111-7000-8000-00000000000a",
        "0191e4b0-1111-7000-8000-00000000000a",
        "0191e4b0",
    ),
]


@pytest.mark.parametrize(
    ("type_", "given", "kept", "wrong"), KINDS, ids=[f"{each[0]} {each[1]}" for each in KINDS]
)
def test_a_mark_is_a_value_of_the_cursors_type(
    ends: Ends, type_: str, given: Any, kept: Any, wrong: Any
) -> None:
    ends.in_postgres(f"CREATE TABLE origin (seen {type_}, note text)")
    pipeline = {"source": {"table": "origin"}, "columns": {"rename": {"seen": "at"}}}
    asked = {"source": ends.postgresql(), "pipeline": pipeline}

    def moved(mark: Any) -> Any:
        checkpoint = {"watermark": mark, "cursorField": "at"}
        return state(ends, ends.duckdb(), {"entryId": f"state_{mark}", "checkpoint": checkpoint}, **asked)

    assert moved(given)["after"]["checkpoint"] == {"watermark": kept, "cursorField": "at"}
    with pytest.raises(Fault, match="is no value of the cursor 'seen'") as caught:
        moved(wrong)
    assert caught.value.fault is FaultCode.BAD_DATA
    load = {"loadMode": "incremental_watermark", "cursorField": "at", **pipeline}
    assert ends.run(ends.postgresql(), ends.duckdb(), **load)["rowsRead"] == 0


def test_a_source_that_cannot_be_asked_takes_a_mark_as_it_is(ends: Ends) -> None:
    asked = {"source": ends.postgresql(password="wrong"), "pipeline": {"source": {"table": "origin"}}}
    checkpoint = {"watermark": "soon", "cursorField": "seen"}
    moved = state(ends, ends.duckdb(), {"entryId": "state_1", "checkpoint": checkpoint}, **asked)
    assert moved["after"]["checkpoint"] == checkpoint
