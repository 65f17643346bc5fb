"""dbt below pipelines, with the example that the docs show: real loads, a real `dbt build`, one lineage."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from dagster import AssetKey, AssetSelection, DagsterInstance, Definitions, define_asset_job

import kaireon_orch as ko
from kaireon_orch import settings

if TYPE_CHECKING:
    from types import ModuleType

    from kaireon_orch_tests.orchestration.conftest import Desk

pytestmark = [
    pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:AssetExecutionContext.op is deprecated:DeprecationWarning"),
]
"""Of dagster-dbt's own doing."""

EXAMPLE = Path(__file__).parents[2] / "examples" / "dbt_warehouse"
FLIGHTS, AIRLINES, CARRIERS = (
    AssetKey(["default", "nyc_flights"]),
    AssetKey(["default", "airlines"]),
    AssetKey("carriers"),
)


def source(name: str, schema: str = "public", **more: Any) -> dict[str, Any]:
    return {"resource_type": "source", "source_name": "warehouse", "name": name, "schema": schema, **more}


def test_a_source_is_the_asset_of_the_pipeline_that_loads_its_table(desk: Desk) -> None:
    files = desk.csv("orders", "id\n1\n")
    desk.pipeline("Orders (EU)", files, target={"table": "Orders"})
    lake = desk.connector("lake", "duckdb", {"path": "l.duckdb"})
    desk.pipeline("leads", files, targetConnectorId=lake.id, target={"schema": "Sales", "table": "leads"})
    in_warehouse, in_lake = ko.dbt_translator(), ko.dbt_translator(target="lake")
    orders, leads = AssetKey(["default", "orders_eu"]), AssetKey(["default", "leads"])
    assert in_warehouse.get_asset_key(source("orders")) == orders
    assert in_warehouse.get_asset_key(source("x", identifier="ORDERS")) == orders
    assert in_warehouse.get_asset_key(source("leads", "sales")) == AssetKey(["warehouse", "leads"])
    assert in_lake.get_asset_key(source("leads", "sales")) == leads
    of_another = ko.dbt_translator(tenant="other")
    assert of_another.get_asset_key(source("orders")) == AssetKey(["warehouse", "orders"])


def test_a_key_that_the_source_names_itself_goes_before(desk: Desk) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    named = source("orders", meta={"dagster": {"asset_key": ["mine"]}})
    assert ko.dbt_translator().get_asset_key(named) == AssetKey("mine")


def test_a_registry_out_of_reach_leaves_the_names(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAIREON_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/none")
    monkeypatch.setenv("KAIREON_ENCRYPTION_KEYS", "k1:" + "A" * 43 + "=")
    translator = ko.dbt_translator(tenant="acme")
    assert translator.get_asset_key(source("orders", "t_acme")) == AssetKey(["acme", "orders"])
    assert translator.get_asset_key(source("orders")) == AssetKey(["warehouse", "orders"])
    assert "The registry is out of reach" in caplog.text


def test_without_dbt_the_error_names_the_extra(home: Path) -> None:
    code = (
        "import sys; sys.modules['dagster_dbt'] = None\n"
        "import kaireon_orch as ko\n"
        "try: ko.dbt_translator()\n"
        "except Exception as error: print(error.code, error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith("NOT_READY")
    assert "pip install 'kaireon-orch[dbt]'" in told


@pytest.fixture
def example(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example's code location over a registry with the demo's pipelines, their data cut small."""
    flights = desk.csv("flights", "carrier,distance\nUA,1400\nUA,200\nAA,1089\n")
    desk.pipeline("NYC flights", flights, target={"table": "flights"}, loadMode="truncate")
    desk.pipeline(
        "airlines", desk.csv("airlines", "carrier,name\nUA,United\nAA,American\n"), loadMode="truncate"
    )
    here = tmp_path / "dbt_warehouse"
    shutil.copytree(EXAMPLE, here, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    spec = importlib.util.spec_from_file_location("dbt_example", here / "definitions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "dbt_example", module)
    spec.loader.exec_module(module)
    return module


def test_models_stand_below_pipelines_and_one_run_loads_and_builds(example: ModuleType) -> None:
    built: Definitions = example.defs
    Definitions.validate_loadable(built)
    specs = {each.key: each for each in built.resolve_all_asset_specs()}
    assert {dep.asset_key for dep in specs[CARRIERS].deps} == {FLIGHTS, AIRLINES}
    assert AssetKey(["warehouse", "flights"]) not in specs
    everything = define_asset_job("all", AssetSelection.assets(FLIGHTS, AIRLINES, CARRIERS))
    with DagsterInstance.ephemeral() as instance:
        job = Definitions.merge(built, Definitions(jobs=[everything])).get_repository_def().get_job("all")
        result = job.execute_in_process(instance=instance)
    order = [event.asset_key for event in result.get_asset_materialization_events()]
    assert order[-1] == CARRIERS
    assert set(order) == {FLIGHTS, AIRLINES, CARRIERS}
    tests = [each for each in result.get_asset_check_evaluations() if each.asset_key == CARRIERS]
    assert len(tests) == 3
    assert all(each.passed for each in tests)
    of_source = {
        each.check_name for each in result.get_asset_check_evaluations() if each.asset_key == FLIGHTS
    }
    assert of_source == {"row_count", "schema"}
    path = settings.load().warehouse_url.removeprefix("duckdb:///")
    with duckdb.connect(path, read_only=True) as database:
        rows = database.execute("SELECT * FROM analytics.carriers ORDER BY carrier").fetchall()
    assert rows == [("AA", "American", 1, 1089), ("UA", "United", 2, 1600)]
