"""The whole of it with real processes: change over the registry, launch over HTTP, look in Dagster, find no secret."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.cli.audit.leaks import look_everywhere
from kaireon_orch.cli.audit.search import Search, Sought
from kaireon_orch.control import pipelines, runs
from kaireon_orch.control.secret_inventory import Inventory
from kaireon_orch.orchestration.run_workers import Workers
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk, desk_at
from kaireon_orch_tests.orchestration.served import Dagster, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import ConnectorView
    from kaireon_orch_tests.servers.postgres import PostgresServer

CANARY = "C4nary/+q7ZxWv%8"
VISIBLE_SECONDS = 15.0
RUN_SECONDS = 60.0
ENDED = {"completed", "completed_with_errors", "failed", "canceled"}

NODE = """query ($key: AssetKeyInput!) {assetNodeOrError(assetKey: $key) {__typename ... on AssetNode {
  groupName kinds opNames description
  assetMaterializations(limit: 1) {runId metadataEntries {label
    ... on IntMetadataEntry {intValue} ... on TextMetadataEntry {text}
    ... on TableSchemaMetadataEntry {schema {columns {name type}}}}}}}}"""

SELECTOR = 'repositoryName: "__repository__", repositoryLocationName: "kaireon_orch"'
STATUS = "query ($run: ID!) {runOrError(runId: $run) {... on Run {status}}}"
LAUNCH = f"""mutation ($selection: [AssetKeyInput!]) {{launchRun(executionParams: {{mode: "default", selector: {{
  jobName: "kaireon_assets", {SELECTOR}, assetSelection: $selection}}}}) {{
  __typename ... on LaunchRunSuccess {{run {{runId}}}}}}}}"""
TAGGED = f"""mutation ($selection: [AssetKeyInput!], $tags: [ExecutionTag!]) {{launchRun(executionParams: {{
  mode: "default", executionMetadata: {{tags: $tags}}, selector: {{
  jobName: "kaireon_assets", {SELECTOR}, assetSelection: $selection}}}}) {{__typename}}}}"""
CHECK = f"""mutation ($asset: AssetKeyInput!, $name: String!) {{launchRun(executionParams: {{mode: "default", selector: {{
  jobName: "__ASSET_JOB", {SELECTOR}, assetSelection: [], assetCheckSelection: [{{assetKey: $asset, name: $name}}]}}}}) {{
  __typename ... on LaunchRunSuccess {{run {{runId}}}} ... on PythonError {{message}}}}}}"""
CHECKED = """query ($asset: AssetKeyInput!, $name: String!) {
  assetCheckExecutions(assetKey: $asset, checkName: $name, limit: 1) {runId status evaluation {description}}}"""
DONE = {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Dagster]:
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KAIREON_EGRESS_ALLOW", f"{postgres.host}:{postgres.port}")
        with serving(folder / "home", patch) as running:
            yield running


@pytest.fixture(scope="module")
def served_desk(dagster: Dagster) -> Iterator[Desk]:
    with desk_at(dagster.home.parent) as made:
        yield made


def shown(dagster: Dagster, name: str) -> dict[str, Any]:
    found: dict[str, Any] = dagster.ask(NODE, key={"path": ["default", name]})["assetNodeOrError"]
    return found


def show(dagster: Dagster, name: str) -> float:
    return until(lambda: shown(dagster, name)["__typename"] == "AssetNode", VISIBLE_SECONDS)


def ended(desk: Desk, pipeline_id: str, **body: Any) -> Any:
    launched = runs.launch(desk.registry, OPERATOR, pipeline_id, body, None)
    until(lambda: runs.get(desk.registry, OPERATOR, launched.id).status in ENDED, RUN_SECONDS)
    return runs.get(desk.registry, OPERATOR, launched.id)


def database(desk: Desk, name: str, server: PostgresServer, password: str) -> ConnectorView:
    config = {"host": server.host, "port": server.port, "database": "postgres", "sslMode": "disable"}
    auth = {"username": server.user, "password": password}
    return desk.connector(name, "postgresql", config, authMethod="password", authConfig=auth)


def test_a_new_pipeline_shows_without_a_restart(dagster: Dagster, served_desk: Desk) -> None:
    assert shown(dagster, "orders")["__typename"] != "AssetNode"
    served_desk.pipeline("orders", served_desk.csv("orders", "id,name\n1,one\n2,two\n3,three\n"))
    show(dagster, "orders")
    served_desk.pipeline("more", served_desk.csv("more", "id\n1\n"))
    assert show(dagster, "more") < VISIBLE_SECONDS
    assert shown(dagster, "more")["groupName"] == "more"


def test_a_launch_over_http_shows_in_the_registry_and_in_dagster(dagster: Dagster, served_desk: Desk) -> None:
    pipeline = served_desk.pipeline(
        "launched", served_desk.csv("launched", "id,name\n1,one\n2,two\n3,three\n")
    )
    show(dagster, "launched")
    run = ended(served_desk, pipeline.id, rowLimit=2)
    assert (run.status, run.rows_loaded, run.row_limit, run.trigger) == ("completed", 2, 2, "api")
    until(lambda: bool(shown(dagster, "launched")["assetMaterializations"]), RUN_SECONDS)
    (latest,) = shown(dagster, "launched")["assetMaterializations"]
    entries = {entry["label"]: entry for entry in latest["metadataEntries"]}
    assert latest["runId"] == run.id
    assert entries["dagster/row_count"]["intValue"] == 2
    assert entries["dagster/table_name"]["text"] == "public.launched"
    columns = {each["name"]: each["type"] for each in entries["dagster/column_schema"]["schema"]["columns"]}
    assert columns.items() >= {"id": "int64", "name": "string"}.items()


def test_several_pipelines_in_one_run_of_dagsters_name_its_page(dagster: Dagster, served_desk: Desk) -> None:
    made = [served_desk.pipeline(name, served_desk.csv(name, "id\n1\n")) for name in ("left", "right")]
    show(dagster, "right")
    launched = dagster.ask(LAUNCH, selection=[{"path": ["default", name]} for name in ("left", "right")])
    run_id = launched["launchRun"]["run"]["runId"]
    until(lambda: all(_last_status(served_desk, each.id) in ENDED for each in made), RUN_SECONDS)
    for pipeline in made:
        (run,) = runs.list_page(served_desk.registry, OPERATOR, pipeline_id=pipeline.id).data
        assert (run.status, run.trigger, run.url) == ("completed", "ui", f"{dagster.url}/runs/{run_id}")
        assert run.id != run_id


def _last_status(desk: Desk, pipeline_id: str) -> str | None:
    found = runs.list_page(desk.registry, OPERATOR, pipeline_id=pipeline_id).data
    return found[0].status if found else None


def test_a_run_loads_what_it_was_launched_with(dagster: Dagster, served_desk: Desk) -> None:
    pipeline = served_desk.pipeline("pinned", served_desk.csv("pinned", "id\n1\n2\n3\n"), rowLimit=1)
    show(dagster, "pinned")
    launched = runs.launch(served_desk.registry, OPERATOR, pipeline.id, {}, None)
    pipelines.change(served_desk.registry, OPERATOR, pipeline.id, {"rowLimit": 3})
    until(lambda: runs.get(served_desk.registry, OPERATOR, launched.id).status in ENDED, RUN_SECONDS)
    assert runs.get(served_desk.registry, OPERATOR, launched.id).rows_loaded == 1


def test_a_cancelled_run_ends_as_canceled_on_both_sides(
    dagster: Dagster, served_desk: Desk, postgres: PostgresServer
) -> None:
    patient = database(served_desk, "patient", postgres, postgres.password)
    nap = {"query": "SELECT pg_sleep(300)::text AS nap"}
    pipeline = served_desk.pipeline("nap", patient, source=nap)
    show(dagster, "nap")
    run = runs.launch(served_desk.registry, OPERATOR, pipeline.id, {}, None)
    until(lambda: runs.get(served_desk.registry, OPERATOR, run.id).status == "running", RUN_SECONDS)
    runs.cancel(served_desk.registry, OPERATOR, run.id)
    until(lambda: runs.get(served_desk.registry, OPERATOR, run.id).status in ENDED, RUN_SECONDS)
    assert runs.get(served_desk.registry, OPERATOR, run.id).status == "canceled"
    until(lambda: dagster.ask(STATUS, run=run.id)["runOrError"]["status"] in DONE, RUN_SECONDS)
    assert dagster.ask(STATUS, run=run.id)["runOrError"]["status"] == "CANCELED"


def test_a_source_that_is_coming_soon_succeeds_without_rows(dagster: Dagster, served_desk: Desk) -> None:
    soon = served_desk.connector(
        "braze", "braze", {"endpoint": "https://rest.example.com"}, authConfig={"apiKey": CANARY}
    )
    pipeline = served_desk.pipeline("soon", soon)
    show(dagster, "soon")
    run = ended(served_desk, pipeline.id)
    assert (run.status, run.rows_read) == ("completed", 0)
    assert "coming soon" in run.message


def test_a_driver_that_fails_shows_our_words(
    dagster: Dagster, served_desk: Desk, postgres: PostgresServer
) -> None:
    refused = database(served_desk, "refused", postgres, CANARY)
    pipeline = served_desk.pipeline("refused", refused, source={"table": "pg_catalog.pg_class"})
    show(dagster, "refused")
    run = ended(served_desk, pipeline.id)
    assert run.status == "failed"
    assert run.error.code == "CREDENTIALS_REFUSED"


def test_a_run_whose_worker_is_killed_leaves_its_secret_nowhere(
    dagster: Dagster, served_desk: Desk, postgres: PostgresServer
) -> None:
    """The search of the next test looks at what it left."""
    patient = database(served_desk, "killed", postgres, postgres.password)
    pipeline = served_desk.pipeline("killed", patient, source={"query": "SELECT pg_sleep(300)::text AS nap"})
    show(dagster, "killed")
    run = runs.launch(served_desk.registry, OPERATOR, pipeline.id, {}, None)
    until(lambda: runs.get(served_desk.registry, OPERATOR, run.id).status == "running", RUN_SECONDS)
    worker = Workers.here().pid(run.id)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    until(lambda: Workers.here().pid(run.id) is None, RUN_SECONDS)


def test_no_planted_secret_is_anywhere_in_dagster(dagster: Dagster, served_desk: Desk) -> None:
    """Late in this module: by now runs have opened secrets, and a driver has failed with one in hand."""
    statuses = {each.status for each in runs.list_page(served_desk.registry, OPERATOR).data}
    assert statuses >= {"completed", "failed", "canceled"}
    found = searched(served_desk.registry)
    assert list(found.findings) == []
    assert [area.faults for area in found.areas.values()] == [[]] * len(found.areas)
    places = {name: area.places for name, area in found.areas.items()}
    assert places["GraphQL answers"]["answers"] > 20
    assert places["processes"]["command lines"] >= 4
    assert places["Dagster's storage"]["rows"] > 100
    assert places["home"]["files"] >= 4


def test_a_planted_secret_would_be_found_in_dagsters_answers(dagster: Dagster, served_desk: Desk) -> None:
    told = {"key": "careless", "value": CANARY}
    selection = [{"path": ["default", "orders"]}]
    launched = dagster.ask(TAGGED, selection=selection, tags=[told])["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    found = searched(served_desk.registry)
    told_by = {(each.area, each.connector) for each in found.findings}
    assert told_by >= {("GraphQL answers", "refused"), ("Dagster's storage", "refused")}


def searched(registry: Registry) -> Search:
    """As `kaireon audit leaks` searches."""
    inventory, sought = Inventory(), Sought()
    for owner, value in inventory.every(registry):
        sought.add(owner, value)
    search = Search(sought, lambda _: None)
    look_everywhere(search, registry, inventory.variables, (), 100)
    return search


def test_checks_are_started_alone_as_the_ui_starts_them(dagster: Dagster, served_desk: Desk) -> None:
    files = served_desk.csv("dated", "id,day\n1,2026-01-01\n2,2026-01-02\n")
    daily = {"column": "day", "kind": "daily", "start": "2026-01-01"}
    served_desk.pipeline("plain", files, loadMode="upsert", primaryKey=["id"])
    served_desk.pipeline("by_day", files, partition=daily, loadMode="truncate")
    show(dagster, "by_day")
    wanted = [
        (["default", "plain"], "primary_key", "OBJECT_MISSING"),
        (["default", "by_day"], "row_count", "OBJECT_MISSING"),
        (["default", "dated", "dated"], "connector_test", "It can be read."),
    ]
    for path, name, words in wanted:
        check = {"asset": {"path": path}, "name": name}
        launched = dagster.ask(CHECK, **check)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run = launched["run"]["runId"]
        until(lambda run=run: dagster.ask(STATUS, run=run)["runOrError"]["status"] in DONE, RUN_SECONDS)  # type: ignore[misc]  # one default each
        (found,) = dagster.ask(CHECKED, **check)["assetCheckExecutions"]
        assert found["runId"] == run
        assert words in found["evaluation"]["description"]
