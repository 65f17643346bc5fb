"""DuckDB: Dagster's resource and IO manager over a file of the registry."""

from typing import TYPE_CHECKING

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster_duckdb import DuckDBResource
from dagster_duckdb_pandas import DuckDBPandasIOManager

import kaireon_orch as ko
from kaireon_orch.errors import Fault
from kaireon_orch_tests.orchestration.native.conftest import materialized

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk


@pytest.fixture
def lake(desk: "Desk") -> "Path":
    path = desk.files / "lake.duckdb"
    desk.connector("lake", "duckdb", {"path": str(path)})
    return path


@dg.asset
def numbers() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2, 3]})


@dg.asset
def doubled(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers * 2


def test_frames_are_kept_by_dagsters_io_manager(lake: "Path") -> None:
    manager = ko.DuckDB("lake").io_manager(DuckDBPandasIOManager, schema="marts")
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            materialized(instance, [numbers, doubled], {"io_manager": manager})
    with duckdb.connect(str(lake), read_only=True) as database:
        assert database.sql("SELECT id FROM marts.doubled ORDER BY 1").fetchall() == [(2,), (4,), (6,)]


def test_an_asset_gets_dagsters_resource_by_either_way(lake: "Path") -> None:
    seen = []

    @dg.asset
    def written(lake: ko.DuckDB) -> None:
        frame = pd.DataFrame({"id": [1, 2]})
        assert len(frame) == 2
        resource = lake.native()
        assert isinstance(resource, DuckDBResource)
        with resource.get_connection() as connection:
            connection.execute("CREATE TABLE t AS SELECT * FROM frame")

    @dg.asset(deps=[written])
    def read(duck: DuckDBResource) -> None:
        with duck.get_connection() as connection:
            seen.extend(connection.sql("SELECT count(*) FROM t").fetchall())

    resources = {"lake": ko.DuckDB("lake"), "duck": ko.DuckDB("lake").native_resource()}
    with dg.DagsterInstance.ephemeral() as instance:
        materialized(instance, [written, read], resources)
    assert seen == [(2,)]


def test_a_frame_does_not_hide_a_table_of_its_name(lake: "Path") -> None:
    with ko.DuckDB("lake").native().get_connection() as connection:
        connection.execute("CREATE TABLE orders AS SELECT 7 AS id")
        orders = pd.DataFrame({"id": [1]})
        assert connection.execute("SELECT id FROM orders").fetchall() == [(7,)]
        fresh = orders.copy()
        assert connection.execute("SELECT id FROM fresh").fetchall() == [(1,)]
        del fresh
        with pytest.raises(duckdb.CatalogException):
            connection.execute("SELECT id FROM fresh")


def test_the_connection_reaches_nothing_but_its_file(lake: "Path", tmp_path: "Path") -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with ko.DuckDB("lake").native().get_connection() as connection:
        for statement in (
            f"SELECT * FROM '{tmp_path / 'secret.csv'}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}'",
        ):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(statement)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_outside_of_the_roots_is_refused(desk: "Desk", tmp_path: "Path") -> None:
    desk.connector("outside", "duckdb", {"path": str(tmp_path / "outside.duckdb")})
    with pytest.raises(Fault, match="KAIREON_FILE_ROOTS"):
        ko.DuckDB("outside").native()
