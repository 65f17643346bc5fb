"""A pipeline's state in its target's ledger: looked at, moved by hand, and what the next load makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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


def state(ends: Ends, target: dict[str, Any], wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    payload = {
        "pipelineId": "pipe_1",
        "target": target,
        "targetTable": {"schema": "public", "table": "t"},
        "set": wanted,
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
