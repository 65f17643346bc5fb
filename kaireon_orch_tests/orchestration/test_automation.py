"""What starts pipelines by itself: lineage between them, automation conditions, owners, freshness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from dagster import (
    AssetKey,
    AssetSelection,
    AssetSpec,
    AutomationConditionSensorDefinition,
    DagsterInstance,
    Definitions,
    evaluate_automation_conditions,
)

from kaireon_orch.control import pipelines
from kaireon_orch.control.pipeline_drafts import PipelineDraft
from kaireon_orch.orchestration.building import definitions
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import EvaluateAutomationConditionsResult

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.views import ConnectorView

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def lake(desk: Desk) -> ConnectorView:
    return desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})


def loads(desk: Desk, name: str, lake: ConnectorView, **more: object) -> PipelineView:
    """A pipeline into the lake."""
    return desk.pipeline(name, desk.csv(name, "id\n1\n"), targetConnectorId=lake.id, **more)


def key(name: str) -> AssetKey:
    return AssetKey(["default", name])


def specs() -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions().resolve_all_asset_specs()}


def above(name: str) -> list[str]:
    return sorted(dep.asset_key.to_user_string() for dep in specs()[f"default/{name}"].deps)


def run(instance: DagsterInstance, name: str) -> None:
    job = definitions().get_repository_def().get_job("kaireon_assets")
    assert job.execute_in_process(instance=instance, asset_selection=[key(name)]).success


def look(
    instance: DagsterInstance, minutes: int, before: EvaluateAutomationConditionsResult | None = None
) -> EvaluateAutomationConditionsResult:
    return evaluate_automation_conditions(
        defs=definitions(),
        instance=instance,
        asset_selection=AssetSelection.all(),
        evaluation_time=AT + timedelta(minutes=minutes),
        cursor=None if before is None else before.cursor,
    )


def test_a_pipeline_stands_below_the_one_whose_table_it_reads(desk: Desk, lake: ConnectorView) -> None:
    loads(desk, "orders", lake)
    desk.pipeline("report", lake, source={"table": "public.orders"})
    desk.pipeline("elsewhere", lake, source={"table": "archive.orders"})
    assert above("report") == ["default/orders"]
    assert above("elsewhere") == ["default/lake/archive/orders"]
    assert "default/lake/public/orders" not in specs()
    Definitions.validate_loadable(definitions())


def test_two_connectors_of_one_database_are_one_system(desk: Desk, lake: ConnectorView) -> None:
    reader = desk.connector("reader", "duckdb", dict(lake.config))
    other = desk.connector("other", "duckdb", {"path": str(desk.files / "other.duckdb")})
    loads(desk, "orders", lake)
    desk.pipeline("report", reader, source={"table": 'public."orders"'})
    desk.pipeline("stranger", other, source={"table": "public.orders"})
    assert above("report") == ["default/orders"]
    assert above("stranger") == ["default/other/public/orders"]


def test_files_that_a_pipeline_writes_are_read_below_it(desk: Desk) -> None:
    folder = desk.files / "lake"
    folder.mkdir()
    files = desk.connector("files", "parquet", {"path": str(folder)})
    loads(desk, "orders", files)
    desk.pipeline("report", files, source={"pattern": "orders/*.parquet"})
    assert above("report") == ["default/orders"]


def test_circles_are_read_as_tables(desk: Desk, lake: ConnectorView) -> None:
    for name, other in (("here", "there"), ("there", "here")):
        desk.pipeline(name, lake, source={"table": f"public.{other}"}, targetConnectorId=lake.id)
    desk.pipeline("itself", lake, source={"table": "public.itself"}, targetConnectorId=lake.id)
    Definitions.validate_loadable(definitions())
    assert above("here") == ["default/lake/public/there"]
    assert above("itself") == ["default/lake/public/itself"]


def test_an_asset_is_built_anew_when_what_it_reads_gets_a_pipeline(desk: Desk, lake: ConnectorView) -> None:
    desk.pipeline("report", lake, source={"table": "public.orders"})
    built = definitions()
    loads(desk, "orders", lake)
    assert built.component_tree is not None
    rebuilt = {
        spec.key: spec for spec in built.component_tree.reload_with_state([]).resolve_all_asset_specs()
    }
    assert [dep.asset_key for dep in rebuilt[key("report")].deps] == [key("orders")]


def test_eager_follows_the_pipeline_above_and_nothing_else(
    desk: Desk, lake: ConnectorView, instance: DagsterInstance
) -> None:
    loads(desk, "orders", lake)
    desk.pipeline("report", lake, source={"table": "public.orders"}, automation={"kind": "eager"})
    first = look(instance, 0)
    assert first.total_requested == 0
    run(instance, "orders")
    second = look(instance, 1, first)
    assert second.get_num_requested(key("report")) == 1
    run(instance, "report")
    third = look(instance, 2, second)
    assert third.total_requested == 0
    run(instance, "orders")
    assert look(instance, 3, third).get_num_requested(key("report")) == 1


def test_on_missing_loads_once_what_was_never_loaded(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"), automation={"kind": "on_missing"})
    first = look(instance, 0)
    assert first.get_num_requested(key("orders")) == 1
    second = look(instance, 1, first)
    assert second.total_requested == 0
    run(instance, "orders")
    assert look(instance, 2, second).total_requested == 0


def test_on_cron_waits_for_its_tick_and_for_the_pipeline_above(
    desk: Desk, lake: ConnectorView, instance: DagsterInstance
) -> None:
    hourly = {"kind": "on_cron", "expression": "0 * * * *", "timezone": "UTC"}
    loads(desk, "orders", lake)
    desk.pipeline("report", lake, source={"table": "public.orders"}, automation=hourly)
    desk.pipeline("alone", desk.csv("alone", "id\n1\n"), automation=hourly)
    first = look(instance, 5)
    assert first.total_requested == 0
    second = look(instance, 61, first)
    assert second.get_num_requested(key("alone")) == 1
    assert second.get_num_requested(key("report")) == 0
    run(instance, "orders")
    assert look(instance, 62, second).get_num_requested(key("report")) == 1


def test_a_disabled_pipeline_has_no_condition(desk: Desk) -> None:
    made = desk.pipeline("orders", desk.csv("orders", "id\n1\n"), automation={"kind": "eager"})
    assert specs()["default/orders"].automation_condition is not None
    pipelines.change(desk.registry, OPERATOR, made.id, {"enabled": False})
    assert specs()["default/orders"].automation_condition is None


def test_the_sensor_of_conditions_is_there_and_on_where_a_pipeline_has_one(desk: Desk) -> None:
    source = desk.csv("orders", "id\n1\n")
    desk.pipeline("plain", source)

    def sensors() -> list[AutomationConditionSensorDefinition]:
        found = definitions().get_repository_def().sensor_defs
        return [each for each in found if isinstance(each, AutomationConditionSensorDefinition)]

    assert sensors() == []
    desk.pipeline("eager", source, automation={"kind": "eager"})
    (sensor,) = sensors()
    assert sensor.name == "kaireon_automation"
    assert sensor.default_status.value == "RUNNING"
    graph = definitions().resolve_asset_graph()
    assert sensor.asset_selection.resolve(graph) == {key("eager")}


@pytest.mark.parametrize("owner", ["eve@shop.example", "a.b+c@x-y.co.uk", "team:sales", "team:Sales & Ops"])
def test_owners_are_the_assets(desk: Desk, owner: str) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"), owners=[owner])
    assert list(specs()["default/orders"].owners) == [owner]


def test_what_a_client_may_write_changes_no_code_version_by_being_new(desk: Desk) -> None:
    made = desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    before = specs()["default/orders"].code_version
    pipelines.change(
        desk.registry, OPERATOR, made.id, {"owners": ["team:sales"], "automation": {"kind": "eager"}}
    )
    assert specs()["default/orders"].code_version == before
    assert {"owners", "automation"} <= PipelineDraft.model_fields.keys()
