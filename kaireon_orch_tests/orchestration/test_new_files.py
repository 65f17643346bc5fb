from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance, SensorDefinition, build_sensor_context

from kaireon_orch.control import connectors, pipelines
from kaireon_orch.control.watching import Files
from kaireon_orch.orchestration.building import definitions
from kaireon_orch.orchestration.new_files import LONGEST_WAIT, SENSOR, Cursor, judged
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagster import RunRequest, SensorExecutionData

    from kaireon_orch.control.views import ConnectorView

WATCHING = {"kind": "new_files"}


class Watch:
    """The sensor, ticked one time after another, with what it remembers."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.cursor: str | None = None
        self._instance = instance

    def tick(self) -> SensorExecutionData:
        context = build_sensor_context(self._instance, cursor=self.cursor)
        found = sensor().evaluate_tick(context)
        self.cursor = found.cursor
        return found

    def started(self) -> list[RunRequest]:
        return list(self.tick().run_requests or [])


def sensor() -> SensorDefinition:
    (found,) = [each for each in definitions().get_repository_def().sensor_defs if each.name == SENSOR]
    return found


@pytest.fixture
def watch() -> Iterator[Watch]:
    with DagsterInstance.ephemeral() as instance:
        yield Watch(instance)


@pytest.fixture
def sales(desk: Desk) -> ConnectorView:
    (desk.files / "sales").mkdir()
    return desk.connector("sales", "csv", {"path": "sales/*.csv"})


def arrives(desk: Desk, name: str, text: str = "id\n1\n") -> Path:
    path = desk.files / "sales" / name
    path.write_text(text)
    return path


def test_without_a_pipeline_that_files_start_there_is_no_sensor(desk: Desk, sales: ConnectorView) -> None:
    desk.pipeline("sales", sales)
    assert [each.name for each in definitions().get_repository_def().sensor_defs if each.name == SENSOR] == []


def test_files_start_a_run_once_nobody_writes_to_them(desk: Desk, sales: ConnectorView, watch: Watch) -> None:
    made = desk.pipeline("sales", sales, automation=WATCHING)
    assert watch.tick().skip_message == "1 pipeline looked at, no file is new."
    growing = arrives(desk, "a.csv")
    first = watch.tick()
    assert not first.run_requests
    assert "1 of them wait until nobody writes" in (first.skip_message or "")
    growing.write_text("id\n1\n2\n")
    assert watch.started() == []
    (request,) = watch.started()
    assert [key.path for key in request.asset_selection or []] == [["default", "sales"]]
    assert request.tags["kaireon/pipeline"] == made.id
    assert request.job_name == "kaireon_assets"
    assert watch.started() == []


def test_a_tick_that_is_evaluated_twice_asks_for_the_same_run(
    desk: Desk, sales: ConnectorView, watch: Watch
) -> None:
    desk.pipeline("sales", sales, automation=WATCHING)
    arrives(desk, "a.csv")
    watch.tick()
    before = watch.cursor
    (one,) = watch.started()
    watch.cursor = before
    (again,) = watch.started()
    assert one.run_key == again.run_key
    arrives(desk, "b.csv")
    watch.tick()
    (other,) = watch.started()
    assert other.run_key != one.run_key


def test_a_file_that_is_moved_in_with_an_old_time_is_new(
    desk: Desk, sales: ConnectorView, watch: Watch
) -> None:
    desk.pipeline("sales", sales, automation=WATCHING)
    arrives(desk, "a.csv")
    watch.tick()
    assert len(watch.started()) == 1
    elsewhere = desk.files / "old.tmp"
    elsewhere.write_text("id\n0\n")
    os.utime(elsewhere, (1, 1))
    elsewhere.rename(desk.files / "sales" / "old.csv")
    watch.tick()
    assert len(watch.started()) == 1


def test_a_file_that_goes_starts_nothing(desk: Desk, sales: ConnectorView, watch: Watch) -> None:
    desk.pipeline("sales", sales, automation=WATCHING)
    for name in ("a.csv", "b.csv"):
        arrives(desk, name)
    watch.tick()
    assert len(watch.started()) == 1
    (desk.files / "sales" / "a.csv").unlink()
    assert watch.started() == []
    assert watch.started() == []


def test_what_cannot_be_looked_at_keeps_no_other_from_it(
    desk: Desk, sales: ConnectorView, watch: Watch
) -> None:
    outside = desk.connector("outside", "csv", {"path": "/etc/passwd"})
    stopped = desk.csv("stopped", "id\n1\n")
    connectors.change(desk.registry, OPERATOR, stopped.id, {"status": "disabled"})
    for name, source in (("outside", outside), ("sales", sales), ("stopped", stopped)):
        desk.pipeline(name, source, automation=WATCHING)
    words = watch.tick().skip_message or ""
    assert "not a plain file below an allowed folder" in words
    assert "'stopped' is disabled" in words
    arrives(desk, "a.csv")
    watch.tick()
    assert [request.tags["kaireon/tenant"] for request in watch.started()] == ["default"]


def test_a_disabled_pipeline_is_not_started(desk: Desk, sales: ConnectorView, watch: Watch) -> None:
    made = desk.pipeline("sales", sales, automation=WATCHING)
    pipelines.change(desk.registry, OPERATOR, made.id, {"enabled": False})
    arrives(desk, "a.csv")
    watch.tick()
    assert watch.started() == []
    assert json.loads(watch.cursor or "")["pipelines"] == {}


def test_links_and_files_outside_of_the_allowed_folders_are_not_seen(
    desk: Desk, sales: ConnectorView, watch: Watch, tmp_path: Path
) -> None:
    desk.pipeline("sales", sales, automation=WATCHING)
    secret = tmp_path / "secret.csv"
    secret.write_text("id\n1\n")
    (desk.files / "sales" / "link.csv").symlink_to(secret)
    watch.tick()
    assert watch.started() == []


def test_files_that_never_rest_are_read_in_the_end() -> None:
    state: dict[str, object] = {}
    for look in range(LONGEST_WAIT):
        state = judged(state, Files(f"print{look}", (look, "a")))
        assert "done" not in state
    assert judged(state, Files("other", (99, "a"))) == {"done": [99, "a"]}


def test_files_of_one_moment_go_by_their_names() -> None:
    done = {"done": [5, "b"]}
    assert judged(done, Files("x", (5, "a"))) == done
    assert judged(done, Files("x", (5, "c"))) == {**done, "seen": "x", "waits": 1}


def test_the_next_look_goes_on_where_one_ended(desk: Desk, watch: Watch) -> None:
    source = desk.csv("a", "id\n1\n")
    names = sorted(desk.pipeline(name, source, automation=WATCHING).id for name in ("one", "two", "three"))
    watch.cursor = Cursor({}, first=names[1]).write()
    watch.tick()
    assert {request.tags["kaireon/pipeline"] for request in watch.started()} == set(names)
    assert len(watch.cursor or "") < 3 * 300
