"""What Dagster answers, and what becomes of it. Real Dagster is tested where the definitions are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import launch, settings
from kaireon_orch.errors import Unavailable
from kaireon_orch_tests.launch.dagster_stub import HANG_UP, DagsterStub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.settings import Settings

STARTED = {"__typename": "LaunchRunSuccess", "run": {"runId": "run-1"}}
RELOADED = {
    "__typename": "WorkspaceLocationEntry",
    "locationOrLoadError": {"__typename": "RepositoryLocation"},
}
SECRET = "hunter2-in-a-stack-trace"


@pytest.fixture
def dagster() -> Iterator[DagsterStub]:
    with DagsterStub.serving() as stub:
        yield stub


@pytest.fixture
def chosen(tmp_path: Path, dagster: DagsterStub) -> Settings:
    return settings.load(tmp_path, dagster_url=dagster.url)


def start(chosen: Settings, **tags: str) -> str:
    config = {"ops": {"acme__orders": {"config": {"row_limit": 5}}}}
    return launch.launch_run(chosen, ("acme", "orders"), config, tags)


def test_a_launch_selects_the_one_asset_of_the_shared_job(chosen: Settings, dagster: DagsterStub) -> None:
    dagster.answer(launchRun=STARTED)
    assert start(chosen, **{launch.TAG_TRIGGER: "api"}) == "run-1"
    params = dagster.asked_for("launchRun")[0]["params"]
    assert params["selector"] == {
        "repositoryLocationName": "kaireon_orch",
        "repositoryName": "__repository__",
        "jobName": "kaireon_assets",
        "assetSelection": [{"path": ["acme", "orders"]}],
    }
    assert params["runConfigData"] == {"ops": {"acme__orders": {"config": {"row_limit": 5}}}}
    assert params["executionMetadata"]["tags"] == [{"key": "kaireon/trigger", "value": "api"}]


@pytest.mark.parametrize("typename", ["InvalidSubsetError", "PipelineNotFoundError", "PythonError"])
def test_a_location_that_does_not_know_the_asset_is_reloaded_once(
    chosen: Settings, dagster: DagsterStub, typename: str
) -> None:
    dagster.answer(
        launchRun=[{"__typename": typename, "message": SECRET}, STARTED], reloadRepositoryLocation=RELOADED
    )
    assert start(chosen) == "run-1"
    assert len(dagster.asked_for("reloadRepositoryLocation")) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"__typename": "InvalidSubsetError", "message": SECRET}, "has not loaded the pipeline"),
        (
            {"__typename": "RunConfigValidationInvalid", "errors": [{"message": SECRET}]},
            "has not loaded the pipeline",
        ),
        ({"__typename": "UnauthorizedError", "message": SECRET}, "read-only"),
        ({"__typename": "RunConflict", "message": SECRET}, "RunConflict"),
        ("<html>another server</html>", "not Dagster's webserver"),
        ('{"errors": [{"message": "no such field"}]}', "not Dagster's webserver"),
        (None, "version may not fit"),
    ],
)
def test_what_dagster_refuses_is_unavailable_in_our_words(
    chosen: Settings, dagster: DagsterStub, answer: Any, words: str
) -> None:
    dagster.answer(launchRun=answer, reloadRepositoryLocation=RELOADED)
    with pytest.raises(Unavailable, match=words) as refused:
        start(chosen)
    assert SECRET not in refused.value.message


def test_a_location_that_fails_to_load_is_told(chosen: Settings, dagster: DagsterStub) -> None:
    broken = {
        "__typename": "WorkspaceLocationEntry",
        "locationOrLoadError": {"__typename": "PythonError", "message": SECRET},
    }
    dagster.answer(launchRun={"__typename": "PythonError"}, reloadRepositoryLocation=broken)
    with pytest.raises(Unavailable, match="has not loaded"):
        start(chosen)


def test_a_dagster_out_of_reach(tmp_path: Path) -> None:
    chosen = settings.load(tmp_path, dagster_url="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="out of reach"):
        start(chosen)
    with pytest.raises(Unavailable, match="out of reach"):
        launch.run_status(chosen, "run-1")


def test_a_lost_answer_is_looked_for_by_its_mark(chosen: Settings, dagster: DagsterStub) -> None:
    dagster.answer(
        launchRun=HANG_UP, runsOrError={"__typename": "Runs", "results": [{"runId": "run-that-started"}]}
    )
    assert start(chosen, **{launch.TAG_LAUNCH: "m"}) == "run-that-started"
    assert dagster.asked_for("runsOrError") == [
        {"filter": {"tags": [{"key": "kaireon/launch", "value": "m"}]}}
    ]


def test_a_lost_answer_of_a_run_that_is_not_there_is_unavailable(
    chosen: Settings, dagster: DagsterStub
) -> None:
    dagster.answer(launchRun=HANG_UP, runsOrError={"__typename": "Runs", "results": []})
    with pytest.raises(Unavailable, match="did not answer"):
        start(chosen, **{launch.TAG_LAUNCH: "m"})


@pytest.mark.parametrize(
    ("typename", "stopped"),
    [("TerminateRunSuccess", True), ("TerminateRunFailure", False), ("RunNotFoundError", False)],
)
def test_a_cancel(chosen: Settings, dagster: DagsterStub, typename: str, stopped: bool) -> None:
    dagster.answer(terminateRun={"__typename": typename})
    assert launch.cancel_run(chosen, "run-1") is stopped
    assert dagster.asked_for("terminateRun") == [{"run": "run-1"}]


def test_a_status(chosen: Settings, dagster: DagsterStub) -> None:
    dagster.answer(
        runOrError=[{"__typename": "Run", "status": "STARTED"}, {"__typename": "RunNotFoundError"}]
    )
    assert launch.run_status(chosen, "run-1") == "STARTED"
    assert launch.run_status(chosen, "run-2") is None
