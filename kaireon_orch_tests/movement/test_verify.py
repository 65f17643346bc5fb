"""`verify`: a load is committed only once the target has shown that it holds what was given to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kaireon_orch.contract.proof import Form
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.witness import RowWitness
from kaireon_orch.movement.move import Order, Watch, move
from kaireon_orch.worker.opening import open_source
from kaireon_orch.worker.run import open_target, order_of, read_source
from kaireon_orch_tests.connectors.lakes import lake_of
from kaireon_orch_tests.connectors.mysql_ends import my as ends
from kaireon_orch_tests.movement.test_windows import LIVE, TARGETS, UPSERT, load, loaded, put, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kaireon_orch.contract.load import TableName
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

__all__ = ["ends"]

MODES: dict[str, dict[str, Any]] = {
    "append": {"loadMode": "append"},
    "truncate": {"loadMode": "truncate"},
    "upsert": UPSERT,
    "incremental": LIVE,
    "scd2": {"loadMode": "scd2", "primaryKey": ["id"]},
}
WINDOW = {"column": "at", "start": "2026-01-02T00:00:00+00:00", "end": "2026-01-03T00:00:00+00:00"}


def rows(ends: MyEnds) -> None:
    put(ends, (1, "01 12:00", "one"), (2, "02 00:00", "two"), (3, "02 12:00", ""))
    ends.in_postgres("INSERT INTO orders VALUES (4, '2026-01-04+00', NULL)")


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("mode", MODES)
def test_a_load_is_proved_and_the_receipt_says_what(ends: MyEnds, kind: str, mode: str) -> None:
    target, options = target_of(ends, kind), MODES[mode]
    rows(ends)
    first = load(ends, target, verify=True, **options)["receipt"]["verified"]
    assert first["rows"] == 4
    assert {name: each["nulls"] for name, each in first["columns"].items()} == {"id": 0, "at": 0, "name": 1}
    second = load(ends, target, verify=True, **options)["receipt"]["verified"]
    if mode != "incremental":  # which reads on from its mark
        assert second == first


@pytest.mark.parametrize("kind", TARGETS)
def test_a_window_is_proved_alone(ends: MyEnds, kind: str) -> None:
    target = target_of(ends, kind)
    rows(ends)
    load(ends, target)
    assert load(ends, target, WINDOW, verify=True)["receipt"]["verified"]["rows"] == 2
    keys = {"column": "name", "keys": ["one", ""]}
    assert load(ends, target, keys, verify=True)["receipt"]["verified"]["rows"] == 2
    assert len(loaded_anyhow(ends, target)) == 4


def loaded_anyhow(ends: MyEnds, target: dict[str, Any]) -> list[Any]:
    """`loaded`, whose order knows no NULL."""
    if target["type"] in {"parquet", "delta_lake"}:
        rows: list[Any] = lake_of(ends, target["type"]).read("loaded").to_pylist()
        return rows
    return [*loaded(ends, target)]


def test_without_verify_nothing_is_said_to_be_proved(ends: MyEnds) -> None:
    target = target_of(ends, "duckdb")
    rows(ends)
    assert "verified" not in load(ends, target)["receipt"]


EXACT = (
    "i int, b bigint, s smallint, f real, d double precision, n numeric(20,6), bare numeric, t text, v varchar(9), "
    "c char(5), y bytea, o boolean, day date, clock time, m timestamp, z timestamptz, u uuid, j json, jb jsonb, "
    "net inet, list int[]"
)
VALUES = (
    "(1, 9007199254740993, -7, 0.1, 'NaN', 1.500000, 1.50, 'a\"b,''c\n\u00e4\U0001f600', 'x ', 'ab', '\\x00ff', true, '0001-01-01', "
    "'23:59:59.999999', '1969-12-31 23:59:59.999999', '2026-01-02 03:04:05.678901+09', "
    "'0a000000-0000-0000-0000-00000000000b', '{\"a\":  1.10}', '{\"b\": 1}', '10.0.0.1', '{1,2}')"
)


@pytest.mark.parametrize("kind", TARGETS)
def test_every_type_is_shown_as_it_was_given(ends: MyEnds, kind: str) -> None:
    """No value is refused because one end spells it otherwise; what cannot be compared says so."""
    target = target_of(ends, kind)
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres(f"CREATE TABLE orders ({EXACT})")
    nothing = ", ".join(["NULL"] * 21)
    ends.in_postgres(f"INSERT INTO orders VALUES {VALUES}, ({nothing})")
    untaken = {"mariadb": ["d"], "delta_lake": ["clock"]}  # NaN; times of day
    columns = {"exclude": ["list", *untaken.get(kind, [])]}
    first = load(ends, target, verify=True, columns=columns)["receipt"]["verified"]
    assert {each["nulls"] for each in first["columns"].values()} == {1}
    assert first["columns"]["t"]["checksum"] is not None
    assert load(ends, target, verify=True, columns=columns)["receipt"]["verified"] == first


def test_a_jsonb_column_is_proved_by_its_nulls(ends: MyEnds) -> None:
    target = target_of(ends, "postgresql")
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres("CREATE TABLE orders (id int, doc jsonb)")
    ends.in_postgres("INSERT INTO orders VALUES (1, '{}'), (2, NULL)")
    assert load(ends, target, verify=True)["receipt"]["verified"]["columns"]["doc"] == {
        "nulls": 1,
        "checksum": None,
    }


def dropped(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.slice(1)


def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.concat_batches([batch, batch.slice(0, 1)])


def _named(batch: pa.RecordBatch, values: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index("name"), batch.schema.field("name"), values)


def changed(batch: pa.RecordBatch) -> pa.RecordBatch:
    return _named(batch, pc.replace_substring(batch.column("name"), "two", "twO"))


def emptied(batch: pa.RecordBatch) -> pa.RecordBatch:
    return _named(batch, pc.fill_null(batch.column("name"), ""))


def nulled(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = batch.column("name")
    return _named(batch, pc.if_else(pc.equal(names, ""), pa.scalar(None, names.type), names))


def crossed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Each column's values are all there, in other rows."""
    return _named(batch, batch.column("name").take(pa.array(reversed(range(batch.num_rows)))))


BROKEN: dict[str, Callable[[pa.RecordBatch], pa.RecordBatch]] = {
    each.__name__: each for each in (dropped, doubled, changed, emptied, nulled, crossed)
}


class Broken:
    """A target whose loads spoil each batch on its way into the table."""

    def __init__(self, target: Any, spoil: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        self._target = target
        self._spoil = spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def begin(self, table: TableName, cancelled: Callable[[], bool]) -> Any:
        load = self._target.begin(table, cancelled)
        return BrokenLoad(load, self._spoil)


class BrokenLoad:
    def __init__(self, load: Any, spoil: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        self._load = load
        self._spoil = spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load, name)

    def write(self, batch: pa.RecordBatch) -> None:
        self._load.write(self._spoil(batch))


@contextmanager
def ordered(ends: MyEnds, target: dict[str, Any], **options: Any) -> Iterator[tuple[Any, Any, Order]]:
    schema = None if target["type"] == "mariadb" else "public"
    more = {"source": {"table": "orders"}, "schema": schema, "table": "loaded", **options}
    job = ends.job(ends.payload(ends.postgresql(), target, **more))
    order = order_of(job.payload, read_source(job.payload), job.folder)
    with open_source(job, job.payload["source"]) as source, open_target(job, target) as opened:
        yield source, opened, order


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("mode", ["append", pytest.param("upsert", marks=pytest.mark.full)])
@pytest.mark.parametrize("spoil", BROKEN)
def test_a_target_that_holds_something_else_is_caught(ends: MyEnds, kind: str, mode: str, spoil: str) -> None:
    if (mode, spoil) == ("upsert", "doubled"):
        spoil = "dropped"  # by key, a row that comes twice is the same row
    target = target_of(ends, kind)
    put(ends, (9, "01 12:00", "before"))
    load(ends, target, **MODES[mode])
    rows(ends)
    with ordered(ends, target, verify=True, **MODES[mode]) as (source, opened, order):
        watch = Watch(lambda: False, lambda _event: None)
        with pytest.raises(Fault, match="not committed") as caught:
            move(source, Broken(opened, BROKEN[spoil]), order, watch)
    assert caught.value.fault is FaultCode.UNEXPECTED
    assert loaded(ends, target) == [(9, "before")]


def test_the_words_name_what_differs(tmp_path: Path) -> None:
    batch = pa.record_batch({"id": [1, 2], "name": ["", None]})
    for spoil, words in {
        dropped: "2 row",
        emptied: "'name' was given with 1 NULL",
        crossed: "other rows",
    }.items():
        witness = RowWitness(batch.schema, str(tmp_path))
        witness.give(batch)
        with pytest.raises(Fault, match=words):
            witness.check([spoil(batch)])
        witness.close()


def test_numbers_and_padding_are_compared_by_what_they_are(tmp_path: Path) -> None:
    given = pa.record_batch({"n": ["1.50", "-0.0", "+7", "100"], "c": ["a", "b ", "", "d"]})
    held = pa.record_batch({"n": ["1.5", "0", "7.00", "100.0"], "c": ["a  ", "b", "   ", "d"]})
    witness = RowWitness(given.schema, str(tmp_path), {"n": Form.NUMBER, "c": Form.UNPADDED})
    witness.give(given)
    witness.check([held])
    assert witness.receipt() is not None
    witness.close()


@pytest.mark.parametrize("kind", TARGETS)
def test_of_several_rows_of_a_key_the_newest_is_proved(ends: MyEnds, kind: str) -> None:
    target = target_of(ends, kind)
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres("CREATE TABLE orders (id int, at timestamptz, name text)")
    ends.in_postgres(
        "INSERT INTO orders VALUES (1, '2026-01-02', 'new'), (1, '2026-01-01', 'old'), (1, NULL, 'never')"
    )
    told = load(ends, target, verify=True, **UPSERT, cursorField="at")
    assert told["receipt"]["verified"]["rows"] == 1
    assert loaded(ends, target) == [(1, "new")]
