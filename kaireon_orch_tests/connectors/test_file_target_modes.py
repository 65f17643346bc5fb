"""Load modes, windows, wider columns and rejected rows in Parquet folders and Delta tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from kaireon_orch.contract.load import LedgerEntry, LoadMode, TableName, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.connectors.lakes import KINDS, Lake, lake_of
from kaireon_orch_tests.families.files import dying
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.movement.memory import ALLOWED_MORE, measured

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends


@pytest.fixture(params=KINDS)
def lake(ends: Ends, request: pytest.FixtureRequest) -> Lake:
    return lake_of(ends, request.param)


def upsert(ends: Ends, lake: Lake, text: str, **options: Any) -> dict[str, Any]:
    return ends.run(ends.csv(text), lake.target, loadMode="upsert", primaryKey=["id"], **options)


def test_upsert_takes_the_last_row_of_a_key(ends: Ends, lake: Lake) -> None:
    assert upsert(ends, lake, "id,v\n1,a\n2,b\n1,c\n")["rowsLoaded"] == 2
    assert lake.foreign() == [{"id": 1, "v": "c"}, {"id": 2, "v": "b"}]
    result = upsert(ends, lake, "id,v\n3,d\n2,e\n2,f\n")
    assert (result["rowsRead"], result["rowsLoaded"], result["rowCount"]) == (3, 2, 3)
    assert lake.foreign() == [{"id": 1, "v": "c"}, {"id": 2, "v": "f"}, {"id": 3, "v": "d"}]
    assert lake.names() == lake.clean()


def test_upsert_takes_the_row_with_the_greatest_cursor(ends: Ends, lake: Lake) -> None:
    upsert(ends, lake, "id,v,seen\n1,a,2026-01-03\n1,b,2026-01-02\n1,c,\n", cursorField="seen")
    assert [row["v"] for row in lake.foreign()] == ["a"]


def test_upsert_finds_keys_of_several_columns_and_types(ends: Ends, lake: Lake) -> None:
    types = {"k": "decimal128(12,2)", "m": "timestamp[us, UTC]", "n": "string", "v": "int64"}
    rows = 'k,m,n,v\n1.10,2026-01-01T00:00:00.000001Z,"",1\n1.10,2026-01-01T00:00:00.000002Z,"",2\n'
    again = 'k,m,n,v\n1.10,2026-01-01T00:00:00.000002Z,"",3\n'
    for text in (rows, again):
        of = ends.csv(text, types=types)
        ends.run(of, lake.target, loadMode="upsert", primaryKey=["k", "m", "n"])
    assert sorted(row["v"] for row in lake.foreign()) == [1, 3]


def test_only_files_with_rows_that_change_are_written_anew(ends: Ends, lake: Lake) -> None:
    for first in (1, 3, 5):
        upsert(ends, lake, f"id,v\n{first},a\n{first + 1},a\n")
    before = named(lake)
    upsert(ends, lake, "id,v\n3,b\n")
    assert len(before & named(lake)) == 2
    assert [row["v"] for row in lake.foreign()] == ["a", "a", "b", "a", "a", "a"]


def named(lake: Lake) -> set[str]:
    """The files that count."""
    if lake.kind == "delta_lake":
        return {uri.rsplit("/", 1)[-1] for uri in DeltaTable(str(lake.folder / "t")).file_uris()}
    return {path.name for path in (lake.folder / "t").glob("*.parquet")}


def test_incremental_watermark_goes_on_where_it_was(ends: Ends, lake: Lake) -> None:
    ends.in_postgres(
        "CREATE TABLE s (id int, seen int, v text); INSERT INTO s VALUES (1, 10, 'a'), (2, 20, 'b')"
    )
    options: dict[str, Any] = {
        "source": {"table": "s"},
        "loadMode": "incremental_watermark",
        "cursorField": "seen",
    }
    ends.run(ends.postgresql(), lake.target, primaryKey=["id"], **options)
    ends.in_postgres("INSERT INTO s VALUES (3, 20, 'c'), (4, 30, 'd'); UPDATE s SET v = 'z' WHERE id = 2")
    result = ends.run(ends.postgresql(), lake.target, primaryKey=["id"], **options)
    assert result["receipt"]["checkpoint"]["watermark"] == 30
    assert [(row["id"], row["v"]) for row in lake.foreign()] == [(1, "a"), (2, "z"), (3, "c"), (4, "d")]
    ends.run(ends.postgresql(), lake.target, table="u", **options)
    ends.in_postgres("INSERT INTO s VALUES (5, 40, 'e')")
    assert ends.run(ends.postgresql(), lake.target, table="u", **options)["rowsRead"] == 1
    assert len(lake.foreign("u")) == 5


def test_scd2_closes_what_changed_or_vanished_and_leaves_the_rest(ends: Ends, lake: Lake) -> None:
    options: dict[str, Any] = {"loadMode": "scd2", "primaryKey": ["id"]}
    ends.run(ends.csv("id,v\n1,a\n2,b\n3,c\n"), lake.target, **options)
    result = ends.run(ends.csv("id,v\n1,a\n2,x\n4,d\n"), lake.target, **options)
    assert result["rowsLoaded"] == 2
    found = [(row["id"], row["v"], row["is_current"]) for row in lake.foreign()]
    assert sorted(found) == [(1, "a", True), (2, "b", False), (2, "x", True), (3, "c", False), (4, "d", True)]
    versions = {(row["id"], row["v"]): row for row in lake.foreign()}
    assert versions[2, "b"]["valid_to"] == versions[2, "x"]["valid_from"] > versions[2, "b"]["valid_from"]
    assert versions[3, "c"]["valid_to"] == versions[4, "d"]["valid_from"]
    assert versions[1, "a"]["valid_to"] is None
    before = named(lake)
    assert ends.run(ends.csv("id,v\n1,a\n2,x\n4,d\n"), lake.target, **options)["rowsLoaded"] == 0
    assert named(lake) == before


def test_a_value_that_becomes_null_is_a_change(ends: Ends, lake: Lake) -> None:
    options: dict[str, Any] = {"loadMode": "scd2", "primaryKey": ["id"]}
    types = {"id": "int64", "v": "float64"}
    for text in ("id,v\n1,nan\n2,1\n", "id,v\n1,nan\n2,\n"):
        ends.run(ends.csv(text, types=types), lake.target, **options)
    current = [
        row["is_current"] for row in sorted(lake.foreign(), key=lambda row: (row["id"], row["valid_from"]))
    ]
    assert current == [True, False, True]


@pytest.mark.parametrize("mode", ["truncate", "blue_green"])
def test_a_whole_table_is_replaced_in_one_step(ends: Ends, lake: Lake, mode: str) -> None:
    ends.run(ends.csv("a\n1\n2\n"), lake.target, loadMode=mode)
    assert ends.run(ends.csv("a\n3\n"), lake.target, loadMode=mode)["rowCount"] == 1
    assert lake.foreign() == [{"a": 3}]


def test_a_window_is_replaced_exactly(ends: Ends, lake: Lake) -> None:
    days = pa.table({"day": ["2026-01-01", "2026-01-02", "2026-01-03", None], "v": [1, 2, 3, 4]})
    days = days.set_column(
        0, "day", days.column("day").cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    )
    pq.write_table(days, ends.folder / "days.parquet")
    of = connector("parquet", {"path": str(ends.folder / "days.parquet")})
    ends.run(of, lake.target)
    again = days.set_column(1, "v", pa.array([10, 20, 30, 40]))
    pq.write_table(again, ends.folder / "days.parquet")
    payload = ends.payload(of, lake.target)
    payload["window"] = {
        "column": "day",
        "start": "2026-01-02T00:00:00+00:00",
        "end": "2026-01-03T00:00:00+00:00",
    }
    for _ in range(2):
        assert ends.work(payload)["rowsRead"] == 1
        payload["runId"] += "2"
        assert sorted(row["v"] for row in lake.foreign()) == [1, 3, 4, 20]


def test_a_wider_column_and_a_new_one_come_with_the_rows(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv("a\n7\n", types={"a": "int32"}), lake.target)
    wide = {"a": "int64", "b": "timestamp[us]"}
    ends.run(ends.csv("a,b\n5000000000,2026-01-01T00:00:00\n", types=wide), lake.target)
    read = lake.read()
    assert read.schema.field("a").type == pa.int64()
    assert sorted(read.column("a").to_pylist()) == [7, 5_000_000_000]
    assert read.column("b").null_count == 1
    assert sorted(ends.table(lake.source()).column("a").to_pylist()) == [7, 5_000_000_000]
    if lake.kind == "delta_lake":
        assert lake.version() == 1


def test_rejected_rows_come_with_the_load(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv("a\n1\n"), lake.target)
    for run_id in ("r1", "r1", "r2"):
        of = ends.csv("a\n2\nx\n", types={"a": "string"})
        result = ends.run(of, lake.target, onRowError="quarantine", run_id=run_id)
        assert (result["rowsLoaded"], result["rowsRejected"]) == (1, 1)
    assert [row["a"] for row in lake.foreign()] == [1, 2, 2]
    kept = [(row["load_id"], row["column_name"], row["value"]) for row in lake.foreign("t__rejects")]
    assert kept == [("r1", "a", "x"), ("r2", "a", "x")]
    assert lake.names() == lake.clean("t", "t__rejects")


def test_a_table_of_rejects_that_is_another_one_is_not_touched(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv("a\n1\n"), lake.target)
    ends.run(ends.csv("z\n1\n"), lake.target, table="t__rejects")
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv("a\n2\nx\n", types={"a": "string"}), lake.target, onRowError="quarantine")
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert (lake.foreign(), lake.foreign("t__rejects")) == ([{"a": 1}], [{"z": 1}])
    assert lake.names() == lake.clean("t", "t__rejects")


def test_null_where_a_delta_table_takes_none_is_a_row_that_is_refused(ends: Ends) -> None:
    lake = lake_of(ends, "delta_lake")
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.string())])
    write_deltalake(str(lake.folder / "t"), pa.table({"a": [1], "b": ["x"]}, schema=schema))
    of = ends.csv("a,b\n2,y\n,z\n", types={"a": "int64", "b": "string"})
    with pytest.raises(Fault, match="'a', row 2: NULL") as caught:
        ends.run(of, lake.target)
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert ends.run(of, lake.target, onRowError="quarantine")["rowsRejected"] == 1
    assert len(lake.foreign()) == 2


def test_what_others_wrote_into_a_delta_table_is_merged_with(ends: Ends) -> None:
    lake = lake_of(ends, "delta_lake")
    described = pa.schema(
        [pa.field("id", pa.int64()), pa.field("v", pa.string(), metadata={"comment": "kept"})]
    )
    write_deltalake(
        str(lake.folder / "t"), pa.table({"id": [1, 2], "v": ["a", "b"]}, schema=described), name="orders"
    )
    upsert(ends, lake, "id,v,w\n2,c,new\n")
    assert lake.foreign() == [{"id": 1, "v": "a", "w": None}, {"id": 2, "v": "c", "w": "new"}]
    table = DeltaTable(str(lake.folder / "t"))
    assert table.metadata().name == "orders"
    assert json.loads(table.schema().to_json())["fields"][1]["metadata"] == {"comment": "kept"}
    assert table.version() == 1
    write_deltalake(str(lake.folder / "t"), pa.table({"id": [9], "v": ["z"], "w": ["z"]}), mode="append")
    assert len(lake.foreign()) == 3


@pytest.mark.parametrize(
    ("rule", "mode", "words"),
    [
        ("delta.appendOnly", "upsert", "appended rows only"),
        ("delta.enableChangeDataFeed", "upsert", "feed of its changes"),
        ("delta.appendOnly", "truncate", "appended rows only"),
    ],
)
def test_a_delta_tables_own_rules_hold(ends: Ends, rule: str, mode: str, words: str) -> None:
    lake = lake_of(ends, "delta_lake")
    configuration: dict[str, str | None] = {rule: "true"}
    write_deltalake(str(lake.folder / "t"), pa.table({"id": [1]}), configuration=configuration)
    with pytest.raises(Fault, match=words):
        ends.run(ends.csv("id\n1\n"), lake.target, loadMode=mode, primaryKey=["id"])
    assert lake.foreign() == [{"id": 1}]
    assert lake.parts() == 1
    assert ends.run(ends.csv("id\n2\n"), lake.target)["rowCount"] == 2


class Waiting:
    """A load that has written its rows, so that others may commit before it does."""

    def __init__(self, lake: Lake, mode: LoadMode) -> None:
        self._load = dying.target(lake.kind, lake.folder).begin(TableName(None, "t"), lambda: False)
        plan = WritePlan(dying.ROWS.schema, mode=mode, key=("a",) if mode is LoadMode.UPSERT else ())
        self._load.prepare(plan)
        self._load.write(dying.ROWS)

    def commit(self) -> None:
        try:
            self._load.commit(LedgerEntry("waited", "pipe_1", "t", "append", 2))
        finally:
            self._load.abort()


def test_an_append_goes_in_after_another_programs_rows(ends: Ends) -> None:
    lake = lake_of(ends, "delta_lake")
    ends.run(ends.csv("a\n7\n"), lake.target)
    waiting = Waiting(lake, LoadMode.APPEND)
    write_deltalake(str(lake.folder / "t"), pa.table({"a": [8]}), mode="append")
    waiting.commit()
    assert sorted(row["a"] for row in lake.foreign()) == [1, 2, 7, 8]


@pytest.mark.parametrize("mode", [LoadMode.UPSERT, LoadMode.APPEND])
def test_a_change_that_does_not_go_with_another_programs_is_busy(ends: Ends, mode: LoadMode) -> None:
    lake = lake_of(ends, "delta_lake")
    ends.run(ends.csv("a\n1\n"), lake.target)
    waiting = Waiting(lake, mode)
    other = pa.table({"a": [8]})
    other = other if mode is LoadMode.UPSERT else other.append_column("new", pa.array(["column"]))
    write_deltalake(str(lake.folder / "t"), other, mode="append", schema_mode="merge")
    with pytest.raises(Fault) as caught:
        waiting.commit()
    assert caught.value.fault is FaultCode.TABLE_BUSY
    assert len(lake.foreign()) == 2
    assert lake.names() == lake.clean()


def test_a_log_that_has_lost_a_pipelines_commit_says_so(ends: Ends) -> None:
    lake = lake_of(ends, "delta_lake")
    ends.run(ends.csv("a\n1\n"), lake.target)
    write_deltalake(str(lake.folder / "t"), pa.table({"a": [2]}), mode="append")
    DeltaTable(str(lake.folder / "t")).create_checkpoint()
    (lake.folder / "t/_delta_log/00000000000000000000.json").unlink()
    with pytest.raises(Fault, match="commit 0, which told how far") as caught:
        dying.target("delta_lake", lake.folder).look(TableName("public", "t")).last_entry("pipe_1")
    assert caught.value.fault is FaultCode.BAD_DATA


@pytest.mark.full
def test_an_upsert_into_a_larger_table_takes_no_more_memory(ends: Ends, lake: Lake) -> None:
    taken = [upserted_kib(ends, lake, rows) for rows in (500_000, 2_000_000)]
    assert taken[1] < taken[0] + ALLOWED_MORE


def upserted_kib(ends: Ends, lake: Lake, rows: int) -> int:
    """KiB that it takes at most to change every tenth row of a table of about 150 bytes a row."""
    whole, tenth = (ends.folder / f"{name}{rows}.parquet" for name in ("whole", "tenth"))
    for path, step in ((whole, 1), (tenth, 10)):
        ids = pa.array(range(0, rows, step), pa.int64())
        notes = pa.array([f"{number} of {rows} by {step} " * 5 for number in range(0, rows, step)])
        pq.write_table(pa.table({"id": ids, "note": notes}), path)
    ends.run(connector("parquet", {"path": str(whole)}), lake.target, table=f"t{rows}")
    options: dict[str, Any] = {"loadMode": "upsert", "primaryKey": ["id"]}
    ended, kib = measured(
        ends, connector("parquet", {"path": str(tenth)}), lake.target, f"t{rows}", **options
    )
    assert ended == str(rows // 10)
    return kib
