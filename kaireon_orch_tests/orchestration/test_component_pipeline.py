"""Pipelines in YAML, as a dg project loads them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa
import pytest
import yaml
from dagster.components.testing.utils import create_defs_folder_sandbox
from jsonschema import Draft202012Validator

import kaireon_orch as ko
from kaireon_orch_tests.orchestration.chatty_component import ChattyComponent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Dagster's own loading of components from YAML warns.
pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:`parse_obj_as`::dagster"),
]

ORDERS = pa.table({"id": [1, 2, 3], "email": ["ann@a.example", "bob@b.example", None]})
CUSTOMERS = pa.table({"id": [7]})
WRITTEN = """
source: shop
target: lake
tables:
  - customers
  - name: orders
    mode: upsert
    key: id
    columns: {mask: {email: {keep_last: 2}}}
"""


@contextmanager
def loaded(
    written: str, component: type[Any] = ko.PipelineComponent, **beside: Any
) -> Iterator[dg.Definitions]:
    """The definitions of one component whose attributes are `written`, in the folder `orders`."""
    document = {
        "type": f"{component.__module__}.{component.__name__}",
        "attributes": yaml.safe_load(written),
    }
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(component, "orders", defs_yaml_contents=document | beside)
        with sandbox.load_component_and_build_defs(path) as (_, definitions):
            yield definitions


def complaint(written: str) -> str:
    """Everything that Dagster shows of what is wrong with it."""
    with pytest.raises(Exception) as refused, loaded(written):  # noqa: PT011  Dagster wraps it in its own
        pass
    error: BaseException | None = refused.value
    words = []
    while error is not None:
        words.append(str(error))
        error = error.__cause__
    return "\n".join(words)


def schema_complaints(written: str) -> dict[str, str]:
    """What `dg check yaml` says, by place."""
    model = ko.PipelineComponent.get_model_cls()
    assert model is not None
    errors = Draft202012Validator(model.model_json_schema()).iter_errors(yaml.safe_load(written))
    return {".".join(map(str, each.absolute_path)): each.message for each in errors}


def assets(definitions: dg.Definitions) -> list[dg.AssetsDefinition]:
    return [each for each in definitions.assets or () if isinstance(each, dg.AssetsDefinition)]


def specs(definitions: dg.Definitions) -> Mapping[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for each in assets(definitions) for spec in each.specs}


def test_each_table_is_an_asset_that_is_loaded() -> None:
    lake = ko.MemoryTarget("lake")
    with loaded(WRITTEN) as definitions:
        dg.Definitions.validate_loadable(definitions)
        shop = ko.FakeConnector("shop", {"orders": ORDERS, "customers": CUSTOMERS})
        with ko.override(shop=shop, lake=lake):
            result = dg.materialize(assets(definitions))
    assert {
        event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key
    } == {
        "orders",
        "customers",
    }
    assert lake.table("orders").column("email").to_pylist() == ["***********le"] * 2 + [None]


def test_a_subset_runs_alone() -> None:
    lake = ko.MemoryTarget("lake")
    with (
        loaded(WRITTEN) as definitions,
        ko.override(shop=ko.FakeConnector("shop", {"orders": ORDERS}), lake=lake),
    ):
        result = dg.materialize(assets(definitions), selection=["shop/orders"])
    assert len(result.get_asset_materialization_events()) == 1


def test_templates_are_filled_in_before_a_field_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWS", "5")
    monkeypatch.setenv("LAKE", "lake")
    written = (
        'source: shop\ntarget: "{{ env.LAKE }}"\ntables: [{name: orders, row_limit: "{{ env.ROWS | int }}"}]'
    )
    assert schema_complaints(written) == {}
    with loaded(written) as definitions:
        assert specs(definitions)["shop/orders"].metadata["kaireon/row_limit"] == 5


def test_a_schedule_loads_all_tables_and_waits_to_be_turned_on() -> None:
    zoned = WRITTEN + "schedule: {cron: '0 6 * * *', timezone: Europe/Berlin}"
    with loaded(zoned) as definitions:
        (schedule,) = definitions.get_repository_def().schedule_defs
        job = definitions.get_repository_def().get_job(schedule.job_name)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "Europe/Berlin")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert {key.path[-1] for key in job.asset_layer.executable_asset_keys} == {"orders", "customers"}


def test_a_schedule_may_run_from_the_start() -> None:
    with loaded(WRITTEN + "schedule: {cron: '0 6 * * *', running: true}") as definitions:
        (schedule,) = definitions.get_repository_def().schedule_defs
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_translation_and_post_processing_are_dagsters_own() -> None:
    written = WRITTEN + 'translation: {key_prefix: raw, group_name: "{{ pipeline.source.resourceKey }}_raw"}'
    beside = {"assets": [{"target": "*", "attributes": {"owners": ["team:sales"]}}]}
    with loaded(written, post_processing=beside) as definitions:
        spec = specs(definitions)["raw/shop/orders"]
    assert spec.group_name == "shop_raw"
    assert list(spec.owners) == ["team:sales"]


def test_a_subclass_decides_on_assets_and_on_what_happens_around_a_load() -> None:
    lake = ko.MemoryTarget("lake")
    with (
        loaded(WRITTEN + "greeting: hello", ChattyComponent) as definitions,
        ko.override(shop=ko.FakeConnector("shop", {"orders": ORDERS, "customers": CUSTOMERS}), lake=lake),
    ):
        result = dg.materialize(assets(definitions))
    assert specs(definitions)["shop/orders"].tags["greeting"] == "hello"
    (event,) = [
        each
        for each in result.get_asset_materialization_events()
        if each.asset_key == dg.AssetKey(["shop", "orders"])
    ]
    assert event.materialization.metadata["greeting"].value == "hello"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tabels: []", "tabels is not a field; the nearest is tables"),
        ("tables: [{name: orders, mod: upsert}]", "tables.0.mod is not a field; the nearest is mode"),
        ("tables: [{name: orders, mode: upsrt}]", "tables.0.mode Input should be 'append', 'truncate'"),
        ("tables: [{name: orders, mode: upsert}]", "tables.0.key is required by the mode upsert"),
        ("tables: [{name: orders, key: id}]", "tables.0.key is none of the mode append"),
        ("tables: [{name: o, freshness: {fail_after_minuts: 3}}]", "the nearest is fail_after_minutes"),
        ("tables: [{name: o, mode: incremental_watermark}]", "cursorField"),
        ("tables: []", "takes a list of tables"),
        ("schedule: every day", "schedule.cron takes five fields"),
    ],
)
def test_what_cannot_be_is_told_by_its_field(line: str, said: str) -> None:
    assert said in complaint(yaml.safe_dump(yaml.safe_load(WRITTEN) | yaml.safe_load(line)))


def test_the_schema_names_the_field_at_fault_and_those_that_there_are() -> None:
    said = schema_complaints("source: shop\ntables: [orders, {name: items, mod: append, row_limit: many}]")
    assert said["tables.1"].startswith("'mod' is not one of ['name', 'mode', 'key'")
    assert said["tables.1.row_limit"] == "'many' is not of type 'integer'"


def test_every_field_of_a_table_in_code_is_one_in_yaml() -> None:
    model = ko.PipelineComponent.get_model_cls()
    assert model is not None
    table = model.model_json_schema()["$defs"]["Table"]["properties"]
    assert set(ko.Table.__dataclass_fields__) - {"options"} <= set(table)
    assert {"partition", "freshness", "schema_policy", "on_row_error", "retries", "verify"} <= set(table)
