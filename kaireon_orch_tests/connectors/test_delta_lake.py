"""Delta tables as a source: versions, partitions, features that are not known, and logs that point elsewhere."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends


def folder(ends: Ends) -> Path:
    return ends.folder / "orders"


def delta(ends: Ends, **config: Any) -> dict[str, Any]:
    return connector("delta_lake", {"uri": str(folder(ends)), **config})


def write(ends: Ends, table: pa.Table, **options: Any) -> None:
    write_deltalake(str(folder(ends)), table, **options)


def test_versions_and_new_columns(ends: Ends) -> None:
    write(ends, pa.table({"id": [1], "d": pa.array([Decimal("1.10")], pa.decimal128(9, 2))}))
    write(ends, pa.table({"id": [2], "x": ["new"]}), mode="append", schema_mode="merge")
    rows = [{"id": 1, "d": Decimal("1.10"), "x": None}, {"id": 2, "d": None, "x": "new"}]
    assert ends.rows(delta(ends)) == rows
    assert ends.rows(delta(ends), version=0) == [{"id": 1, "d": Decimal("1.10")}]
    assert ends.rows(delta(ends, version=0)) == [{"id": 1, "d": Decimal("1.10")}]
    assert ends.rows(delta(ends), row_limit=1) == rows[:1]
    with pytest.raises(Fault) as caught:
        ends.rows(delta(ends), version=7)
    assert caught.value.fault in {FaultCode.OBJECT_MISSING, FaultCode.BAD_DATA}


def test_rows_that_were_deleted_are_not_read(ends: Ends) -> None:
    write(ends, pa.table({"id": [1, 2, 3]}))
    DeltaTable(str(folder(ends))).delete("id = 2")
    assert sorted(row["id"] for row in ends.rows(delta(ends))) == [1, 3]


def test_partitions_are_columns_of_their_type(ends: Ends) -> None:
    table = pa.table(
        {"id": [1, 2, 3], "day": pa.array([1, 1, None], pa.date32()), "k": ["a b", "a b", "c/d"]}
    )
    write(ends, table, partition_by=["day", "k"])
    found = ends.table(delta(ends)).select(table.schema.names).sort_by("id")
    assert found.to_pylist() == table.to_pylist()


def test_the_probe_and_the_stream(ends: Ends) -> None:
    write(ends, pa.table({"id": [1, 2], "n": [{"x": 1}, None]}))
    assert ends.checks(delta(ends))[-1].figures == {"rows": 2}
    stream = next(iter(ends.streams(delta(ends)).values()))
    assert [(each.name, str(each.arrow_type)) for each in stream.columns] == [
        ("id", "int64"),
        ("n", "extension<arrow.json>"),
    ]
    assert ends.rows(delta(ends))[0] == {"id": 1, "n": '{"x":1}'}


def test_a_folder_without_a_table(ends: Ends) -> None:
    folder(ends).mkdir()
    with pytest.raises(Fault) as caught:
        ends.checks(delta(ends))
    assert caught.value.fault is FaultCode.OBJECT_MISSING


@pytest.mark.parametrize("uri", ["s3://bucket/t", "file:///etc", "gs://b/t"])
def test_stores_are_not_read_yet(ends: Ends, uri: str) -> None:
    with pytest.raises(Fault) as caught:
        ends.checks(connector("delta_lake", {"uri": uri}))
    assert caught.value.fault is FaultCode.NOT_SUPPORTED


def commit(ends: Ends, **action: Any) -> None:
    """One more commit, written by hand as another program might."""
    log = folder(ends) / "_delta_log"
    number = len(list(log.glob("*.json")))
    (log / f"{number:020d}.json").write_text(json.dumps(action) + "\n")


@pytest.mark.parametrize("path", ["../secret.parquet", "/etc/passwd", "file:///etc/passwd"])
def test_a_log_that_points_elsewhere_is_refused(ends: Ends, path: str) -> None:
    write(ends, pa.table({"id": [1]}))
    add = {
        "path": path,
        "partitionValues": {},
        "size": 9,
        "modificationTime": 0,
        "dataChange": True,
        "stats": "{}",
    }
    commit(ends, add=add)
    with pytest.raises(Fault) as caught:
        ends.rows(delta(ends))
    assert caught.value.fault is FaultCode.FILE_NOT_ALLOWED


def test_links_in_the_log_are_refused(ends: Ends) -> None:
    write(ends, pa.table({"id": [1]}))
    log = folder(ends) / "_delta_log"
    (log / f"{1:020d}.json").symlink_to(log / f"{0:020d}.json")
    with pytest.raises(Fault) as caught:
        ends.rows(delta(ends))
    assert caught.value.fault is FaultCode.FILE_NOT_ALLOWED


def test_features_that_change_the_meaning_of_files_are_refused(ends: Ends) -> None:
    write(ends, pa.table({"id": [1]}))
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    commit(ends, protocol={"minReaderVersion": 3, "minWriterVersion": 7, **features})
    with pytest.raises(Fault) as caught:
        ends.rows(delta(ends))
    assert caught.value.fault is FaultCode.NOT_SUPPORTED


def test_loads_keep_off_tables_whose_rules_they_would_break(ends: Ends) -> None:
    write(ends, pa.table({"id": [1], "k": ["a"]}), partition_by=["k"])
    with pytest.raises(Fault, match="partitioned") as caught:
        ends.run(ends.csv("id,k\n1,b\n"), delta(ends))
    assert caught.value.fault is FaultCode.NOT_SUPPORTED
    write_deltalake(str(ends.folder / "checked"), pa.table({"id": [1]}))
    DeltaTable(str(ends.folder / "checked")).alter.add_constraint({"small": "id < 9"})
    with pytest.raises(Fault, match="constraints") as caught:
        ends.run(ends.csv("id\n10\n"), connector("delta_lake", {"uri": str(ends.folder / "checked")}))
    assert caught.value.fault is FaultCode.NOT_SUPPORTED


def test_a_table_of_others_is_loaded_into(ends: Ends) -> None:
    write(ends, pa.table({"id": pa.array([1], pa.int64())}))
    assert ends.run_child(ends.csv("id\n2\n"), delta(ends), table="anything")["rowCount"] == 2
    assert sorted(DeltaTable(str(folder(ends))).to_pyarrow_table().column("id").to_pylist()) == [1, 2]
