from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from dagster import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DagsterInstance,
    Definitions,
    FreshnessPolicy,
    build_schedule_context,
)

from kaireon_orch.control import pipelines
from kaireon_orch.errors import Unavailable
from kaireon_orch.orchestration import last_known
from kaireon_orch.orchestration.building import Builder, definitions
from kaireon_orch.orchestration.translator import PipelineTranslator
from kaireon_orch.orchestration.typed.files import Csv
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.pinned import PinnedPipeline

NIGHTLY = {"kind": "cron", "expression": "0 2 * * *", "timezone": "Europe/Berlin"}
TICK = datetime(2026, 3, 1, 1, tzinfo=UTC)


def keys_of(built: Definitions) -> set[str]:
    return {key.to_user_string() for key in built.resolve_all_asset_keys()}


def objects(built: Definitions) -> dict[str, AssetsDefinition]:
    return {each.key.path[-1]: each for each in built.assets or () if isinstance(each, AssetsDefinition)}


def test_an_empty_registry_loads(desk: Desk) -> None:
    built = definitions()
    Definitions.validate_loadable(built)
    assert keys_of(built) == set()


def test_a_pipeline_is_an_asset_below_what_it_reads(desk: Desk) -> None:
    desk.pipeline("Orders (EU)", desk.csv("orders", "a\n1\n"), description="Nightly.", tags=["sales"])
    built = definitions()
    Definitions.validate_loadable(built)
    (spec,) = [each for each in built.resolve_all_asset_specs() if each.key.path == ["default", "orders_eu"]]
    assert [dep.asset_key.path for dep in spec.deps] == [["default", "orders", "orders"]]
    assert (spec.group_name, spec.description) == ("orders", "Nightly.")
    assert spec.kinds == {"csv", "duckdb"}
    assert spec.metadata["dagster/table_name"] == "public.orders_eu"
    assert spec.metadata["kaireon/tags"] == ["sales"]
    assert built.resolve_assets_def(spec.key).op.pool == "connector:orders"


def test_an_asset_says_when_it_runs(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    desk.pipeline("nightly", source, schedule=NIGHTLY)
    desk.pipeline("rarely", source)
    told = {each.key.path[-1]: each for each in definitions().resolve_all_asset_specs()}
    assert told["nightly"].metadata["kaireon/schedule"] == "at 0 2 * * * (Europe/Berlin)"
    assert (told["nightly"].description or "").endswith("into public.nightly, at 0 2 * * * (Europe/Berlin).")
    assert (told["rarely"].description or "").endswith("into public.rarely, when somebody starts it.")


def test_a_name_that_dagster_reserves_is_usable(desk: Desk) -> None:
    desk.pipeline("config", desk.csv("type", "a\n1\n"))
    Definitions.validate_loadable(definitions())


def test_all_pipelines_share_one_job_and_rhythms_their_schedules(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    for name in ("one", "two"):
        desk.pipeline(name, source, schedule=NIGHTLY)
    desk.pipeline("three", source, schedule={"kind": "interval", "minutes": 15})
    repository = definitions().get_repository_def()
    own = {name for name in repository.job_names if not name.startswith("__")}
    assert own == {"kaireon_assets", "run_pipeline", "kaireon_connector_tests"}
    assert sorted((each.cron_schedule, each.execution_timezone) for each in repository.schedule_defs) == [
        ("*/15 * * * *", "UTC"),
        ("0 2 * * *", "Europe/Berlin"),
    ]


def test_a_tick_asks_the_registry_which_pipelines_are_enabled_now(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    kept, stopped = (desk.pipeline(name, source, schedule=NIGHTLY) for name in ("kept", "stopped"))
    (schedule,) = definitions().get_repository_def().schedule_defs
    pipelines.change(desk.registry, OPERATOR, stopped.id, {"enabled": False})
    desk.pipeline("younger_than_the_definitions", source, schedule=NIGHTLY)
    with DagsterInstance.ephemeral() as instance:
        context = build_schedule_context(instance, scheduled_execution_time=TICK)
        (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.asset_selection == [AssetKey(["default", "kept"])]
    assert request.run_key == f"{kept.id}:{TICK.isoformat()}"
    assert request.tags["kaireon/pipeline"] == kept.id


def test_a_tick_without_a_pipeline_says_so(desk: Desk) -> None:
    only = desk.pipeline("only", desk.csv("orders", "a\n1\n"), schedule=NIGHTLY)
    (schedule,) = definitions().get_repository_def().schedule_defs
    pipelines.change(desk.registry, OPERATOR, only.id, {"enabled": False})
    with DagsterInstance.ephemeral() as instance:
        tick = schedule.evaluate_tick(build_schedule_context(instance, scheduled_execution_time=TICK))
    assert not tick.run_requests
    assert tick.skip_message == "No enabled pipeline runs at 0 2 * * * (Europe/Berlin)."


def test_an_unchanged_pipeline_keeps_its_asset_through_a_rebuild(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    changed, _kept = (desk.pipeline(name, source) for name in ("changed", "kept"))
    builder = Builder(PipelineTranslator())
    before = objects(builder.build())
    pipelines.change(desk.registry, OPERATOR, changed.id, {"rowLimit": 5})
    after = objects(builder.rebuild())
    assert {name: before[name] is after[name] for name in before} == {"changed": False, "kept": True}


def test_only_pipelines_with_one_of_the_tags_where_asked(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    desk.pipeline("one", source, tags=["sales"])
    desk.pipeline("two", source)
    assert keys_of(definitions(tags=["sales"])) == {"default/one", "default/orders/orders"}


def test_a_translator_decides_how_an_asset_looks(desk: Desk) -> None:
    class Grouped(PipelineTranslator):
        def get_asset_spec(self, pipeline: PinnedPipeline) -> AssetSpec:
            return super().get_asset_spec(pipeline).replace_attributes(group_name="finance")

    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    (spec,) = [each for each in definitions(translator=Grouped()).resolve_all_asset_specs() if each.deps]
    assert spec.group_name == "finance"


def test_connectors_are_resources_of_their_own_class(desk: Desk) -> None:
    desk.csv("orders", "a\n1\n")
    resources = definitions().resources or {}
    assert isinstance(resources["orders"], Csv)
    assert repr(resources["orders"]) == "Csv(connector='orders')"


NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:9/none"


def test_a_registry_that_was_never_read_is_said_at_the_start_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAIREON_DATABASE_URL", NOWHERE)
    monkeypatch.setenv("KAIREON_ENCRYPTION_KEYS", "k1:" + "A" * 43 + "=")
    builder = Builder(PipelineTranslator())
    built = builder.build()
    (said,) = [spec for spec in built.resolve_all_asset_specs() if spec.key == AssetKey(last_known.NOTICE)]
    assert "The registry is out of reach" in str(said.description)
    assert "The registry is out of reach" in caplog.text
    Definitions.validate_loadable(built)
    with pytest.raises(Unavailable):
        builder.rebuild()


def test_what_was_read_last_is_shown_in_an_outage_and_changes_once_it_is_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = desk.csv("orders", "a\n1\n")
    desk.pipeline("one", source, schedule=NIGHTLY)
    before = definitions()
    with monkeypatch.context() as outage:
        outage.setenv("KAIREON_DATABASE_URL", NOWHERE)
        shown = definitions()
        (schedule,) = shown.get_repository_def().schedule_defs
        with build_schedule_context(scheduled_execution_time=TICK) as context:
            tick = schedule.evaluate_tick(context)
    assert keys_of(shown) == keys_of(before) | {last_known.NOTICE}
    assert shown.resources is not None
    assert shown.resources.keys() == (before.resources or {}).keys()
    assert "out of reach" in str(tick.skip_message)
    desk.pipeline("two", source)
    assert shown.component_tree is not None
    filled = shown.component_tree.reload_with_state([])
    assert keys_of(filled) == {"default/one", "default/two", "default/orders/orders"}


def test_a_registry_file_that_is_gone_is_no_empty_registry(desk: Desk, home: Path) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    definitions()
    (home / "registry.db").rename(home / "moved.db")
    assert "default/one" in keys_of(definitions())
    assert not (home / "registry.db").exists()


def test_what_was_kept_by_another_version_is_nothing(desk: Desk, home: Path) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    definitions()
    kept = home / last_known.FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    assert last_known.found(home).pipelines[0].name == "one"
    for other in ("[]", "{", '{"revision": 1, "readAt": "", "pipelines": [{}], "connectors": []}'):
        kept.write_text(other)
        assert last_known.found(home) == last_known.NOTHING


def test_only_what_changed_is_built_anew(desk: Desk) -> None:
    source = desk.csv("orders", "a\n1\n")
    made = [desk.pipeline(f"p{n}", source) for n in range(20)]
    counting = Counting()
    builder = Builder(counting)
    builder.build()
    assert sorted(counting.asked) == sorted(each.name for each in made)
    counting.asked.clear()
    pipelines.change(desk.registry, OPERATOR, made[3].id, {"description": "Changed."})
    pipelines.delete(desk.registry, OPERATOR, made[4].id)
    desk.pipeline("new", source)
    assert len(keys_of(builder.rebuild())) == 21
    assert sorted(counting.asked) == ["new", "p3"]


class Counting(PipelineTranslator):
    """Notes which pipelines it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_asset_spec(self, pipeline: PinnedPipeline) -> AssetSpec:
        self.asked.append(pipeline.name)
        return super().get_asset_spec(pipeline)


def test_a_pipelines_freshness_is_the_assets_policy(desk: Desk) -> None:
    desk.pipeline("orders", desk.csv("orders", "a\n1\n"), freshness={"failAfterMinutes": 90})
    specs = {spec.key: spec for spec in definitions().resolve_all_asset_specs()}
    expected = FreshnessPolicy.time_window(fail_window=timedelta(minutes=90))
    assert specs[AssetKey(["default", "orders"])].freshness_policy == expected
