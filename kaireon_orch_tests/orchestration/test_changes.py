"""Changes while Dagster serves: whole revisions only, few reloads for many changes, and a registry that goes away."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from dagster._grpc.client import DagsterGrpcClient

from kaireon_orch import settings
from kaireon_orch.control import keys, pipelines
from kaireon_orch.control.registry import Registry
from kaireon_orch.orchestration import reload
from kaireon_orch.orchestration.last_known import NOTICE
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk
from kaireon_orch_tests.orchestration.served import Dagster, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.pipeline_views import PipelineView

NODES = "{assetNodes {assetKey {path} description}}"
RELOAD = """mutation {reloadRepositoryLocation(repositoryLocationName: "kaireon_orch") {__typename}}"""
COUNTED = 10
CHANGES = 200
VISIBLE_SECONDS = 15.0


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    folder = tmp_path_factory.mktemp("changes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with serving(folder / "home", patch) as running:
            yield running


@pytest.fixture(scope="module")
def served_desk(dagster: Dagster) -> Iterator[Desk]:
    with desk_of(dagster.home.parent) as desk:
        yield desk


@pytest.fixture(scope="module")
def counted(served_desk: Desk, dagster: Dagster) -> list[PipelineView]:
    """Pipelines whose descriptions are consecutive numbers at every revision from the last of these on."""
    source = served_desk.csv("source", "id\n1\n")
    made = [served_desk.pipeline(f"p{n}", source, description=str(n)) for n in range(COUNTED)]
    until(lambda: len(numbers(dagster)) == COUNTED, VISIBLE_SECONDS)
    return made


class desk_of:  # noqa: N801  a context manager
    """A registry of the home that is served, and its files."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> Desk:
        self._registry = Registry.open(settings.load())
        keys.create(self._registry, OPERATOR, {"role": "admin"})
        files = self._home / "files"
        files.mkdir(exist_ok=True)
        return Desk(self._registry, files)

    def __exit__(self, *_: object) -> None:
        self._registry.close()


def described(dagster: Dagster) -> dict[str, str]:
    nodes = dagster.ask(NODES)["assetNodes"]
    return {each["assetKey"]["path"][-1]: each["description"] or "" for each in nodes}


def numbers(dagster: Dagster) -> list[int]:
    return sorted(int(words.split()[0]) for words in described(dagster).values() if words[:1].isdigit())


def server_id() -> str:
    host, port = os.environ["CODE_SERVER_HOST"], int(os.environ["CODE_SERVER_PORT"])
    return str(DagsterGrpcClient(host=host, port=port).get_server_id())


def test_many_changes_are_few_reloads_and_every_answer_is_a_whole_revision(
    dagster: Dagster, served_desk: Desk, counted: list[PipelineView]
) -> None:
    answers: list[list[int]] = []
    servers: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            answers.append(numbers(dagster))
            servers.add(server_id())

    looking = threading.Thread(target=look)
    looking.start()
    for n in range(COUNTED, COUNTED + CHANGES):
        change = {"description": str(n)}
        pipelines.change(served_desk.registry, OPERATOR, counted[n % COUNTED].id, change)
    newest = list(range(CHANGES, CHANGES + COUNTED))
    shown_after = until(lambda: numbers(dagster) == newest, VISIBLE_SECONDS)
    over.set()
    looking.join()
    halves = [each for each in answers if each != list(range(each[0], each[0] + COUNTED))]
    assert halves == []
    assert len(servers) < CHANGES / 4
    assert shown_after < VISIBLE_SECONDS


def test_a_registry_that_goes_away_leaves_what_was_shown_and_is_said(
    dagster: Dagster, counted: list[PipelineView]
) -> None:
    home = dagster.home.parent
    before = described(dagster)
    (home / "registry.db").rename(home / "moved.db")
    assert dagster.ask(RELOAD)["reloadRepositoryLocation"]["__typename"] == "WorkspaceLocationEntry"
    until(lambda: NOTICE in described(dagster), VISIBLE_SECONDS)
    shown = described(dagster)
    assert "out of reach" in shown.pop(NOTICE)
    assert shown == before
    (home / "moved.db").rename(home / "registry.db")
    until(lambda: NOTICE not in described(dagster), reload.REPEAT_SECONDS + VISIBLE_SECONDS)
    assert described(dagster) == before


@pytest.mark.full
def test_a_reload_in_a_new_process_stands_in_for_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = "kaireon_orch_tests.orchestration.stubborn"
    with serving(tmp_path / "home", monkeypatch, module) as dagster, desk_of(tmp_path / "home") as desk:
        desk.pipeline("late", desk.csv("late", "id\n1\n"))
        until(lambda: "late" in described(dagster), 60)
