"""Every mode, over runs that nobody thought of, against a model of it in plain Python."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.connectors import lakes
from kaireon_orch_tests.connectors.mysql_ends import MyEnds
from kaireon_orch_tests.movement.model import Model, Terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

Row = dict[str, Any]

CI_EXAMPLES: Final = 2
FULL_EXAMPLES: Final = 60

TYPES: Final = {
    "id": "integer",
    "seen": "integer",
    "note": "text",
    "amount": "numeric(12,2)",
    "extra": "text",
}
KEYS = st.integers(0, 6)
SEEN = st.one_of(st.none(), st.integers(-2, 8))
NOTES = st.sampled_from(
    [None, "", " ", "a", "b", "'", 'q"q', "line\nbreak", "\\N", "NULL", "é", "\u2028", "🧪"]
)
AMOUNTS = st.one_of(st.none(), st.sampled_from([Decimal("0.00"), Decimal("-0.01"), Decimal("9999999999.99")]))
ROWS = st.fixed_dictionaries({"id": KEYS, "seen": SEEN, "note": NOTES, "amount": AMOUNTS, "extra": NOTES})


@dataclass(frozen=True)
class Step:
    """What the source holds at a run, and how it is run."""

    rows: list[Row]
    columns: tuple[str, ...] = ("id", "seen", "note", "amount")
    row_limit: int | None = None
    full_refresh: bool = False


COLUMNS = st.sampled_from(
    [
        ("id", "seen", "note", "amount"),
        ("id", "seen", "note", "amount"),
        ("id", "seen", "note", "amount", "extra"),
        ("id", "seen", "note"),
        ("note", "seen", "id"),
    ]
)
STEPS = st.builds(
    Step,
    rows=st.lists(ROWS, max_size=9),
    columns=COLUMNS,
    row_limit=st.sampled_from([None, None, 1, 2, 3, 5]),
    full_refresh=st.sampled_from([False, False, False, True]),
)
RUNS = st.lists(STEPS, min_size=2, max_size=5)

CASES: Final = {
    "append": Terms("append"),
    "truncate": Terms("truncate"),
    "blue_green": Terms("blue_green"),
    "upsert": Terms("upsert", key=("id",)),
    "upsert_by_cursor": Terms("upsert", key=("id",), cursor="seen"),
    "upsert_by_two": Terms("upsert", key=("id", "seen")),
    "watermark": Terms("incremental_watermark", cursor="seen"),
    "watermark_by_key": Terms("incremental_watermark", key=("id",), cursor="seen"),
    "watermark_with_lookback": Terms("incremental_watermark", key=("id",), cursor="seen", lookback=3),
    "scd2": Terms("scd2", key=("id",)),
    "scd2_by_cursor": Terms("scd2", key=("id",), cursor="seen"),
    "scd2_that_keeps": Terms("scd2", key=("id",), keep_vanished=True),
}


@pytest.fixture
def my(tmp_path: Path, postgres: PostgresServer, mariadb: MariadbServer) -> MyEnds:
    own = f"model_{uuid.uuid4().hex[:12]}"
    mariadb.execute(f"CREATE DATABASE `{own}`")
    postgres.database(own)
    return MyEnds(tmp_path, postgres, own, mariadb=mariadb, own=own)


@pytest.mark.parametrize("kind", ["postgresql", "duckdb"])
@pytest.mark.parametrize("case", CASES)
@settings(
    max_examples=CI_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(runs=RUNS)
def test_runs_are_what_the_model_says(ends: Ends, kind: str, case: str, runs: list[Step]) -> None:
    replay(ends, kind, CASES[case], runs)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["postgresql", "duckdb", *lakes.KINDS])
@pytest.mark.parametrize("case", CASES)
@settings(max_examples=FULL_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(runs=RUNS)
def test_many_runs_are_what_the_model_says(ends: Ends, kind: str, case: str, runs: list[Step]) -> None:
    replay(ends, kind, CASES[case], runs)


@pytest.mark.full
@pytest.mark.parametrize("case", [name for name in CASES if name != "blue_green"])
@settings(max_examples=FULL_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(runs=RUNS)
def test_many_runs_into_mariadb_are_what_the_model_says(my: MyEnds, case: str, runs: list[Step]) -> None:
    replay(my, "mariadb", CASES[case], runs)


def replay(ends: Ends, kind: str, terms: Terms, runs: Sequence[Step]) -> None:
    """Run a pipeline of its own through the steps, and look into the target after each."""
    world = World(ends, kind, f"t_{uuid.uuid4().hex}")
    model = Model(terms, whole_rows=kind in lakes.KINDS)
    for step in runs:
        rows = settled(terms, [{name: row[name] for name in step.columns} for row in step.rows])
        world.hold(step.columns, rows)
        expected = model.load(step.columns, rows, row_limit=step.row_limit, full_refresh=step.full_refresh)
        assert world.run(terms, step) == expected
        assert world.rows(model) == model.shown(), step


def settled(terms: Terms, rows: list[Row]) -> list[Row]:
    """Rows whose keys hold what a key may."""
    return [
        {name: 0 if value is None and name in terms.key else value for name, value in row.items()}
        for row in rows
    ]


@dataclass(frozen=True)
class World:
    """A table of the source, and a pipeline into a table of its own."""

    ends: Ends
    kind: str
    name: str

    def hold(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Make the source hold `rows`, in this order."""
        made = ", ".join(f"{column} {TYPES[column]}" for column in columns)
        lines = ", ".join(f"({', '.join(literal(row[column]) for column in columns)})" for row in rows)
        fill = f"INSERT INTO s VALUES {lines}" if rows else ""
        self.ends.in_postgres(f"DROP TABLE IF EXISTS s; CREATE TABLE s ({made}); {fill}")

    def run(self, terms: Terms, step: Step) -> FaultCode | tuple[int, int]:
        """How the run ended: rows read and loaded, or the code of its fault."""
        payload = self.ends.payload(
            self.ends.postgresql(),
            self.target,
            table=self.name,
            schema=self.ends.own if isinstance(self.ends, MyEnds) else "public",
            row_limit=step.row_limit,
            source={"table": "s"},
            loadMode=terms.mode,
            primaryKey=list(terms.key),
            cursorField=terms.cursor,
            lookback=terms.lookback,
            deletes="keep" if terms.keep_vanished else "close",
        )
        payload["pipeline"]["id"] = self.name
        try:
            done = self.ends.work({**payload, "fullRefresh": step.full_refresh})
        except Fault as fault:
            return fault.fault
        return done["rowsRead"], done["rowsLoaded"]

    @property
    def target(self) -> dict[str, Any]:
        if self.kind in lakes.KINDS:
            return lakes.lake_of(self.ends, self.kind).target
        if isinstance(self.ends, MyEnds):
            return self.ends.my()
        target: dict[str, Any] = getattr(self.ends, self.kind)()
        return target

    def rows(self, model: Model) -> list[tuple[Any, ...]]:
        """The target's rows as the model shows its own."""
        if self.kind in lakes.KINDS:
            return self._in_lake(model)
        if self.look(f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{self.name}'") == [
            (0,)
        ]:
            return []
        found = self.look(f"SELECT {model.selected()} FROM {self.name}")
        return sorted((model.told(row) for row in found), key=repr)

    def look(self, sql: str) -> list[tuple[Any, ...]]:
        if isinstance(self.ends, MyEnds):
            return [tuple(row) for row in self.ends.sql(sql)]
        if self.kind == "duckdb":
            return self.ends.in_duckdb(sql.replace(f"FROM {self.name}", f"FROM public.{self.name}"))
        return self.ends.in_postgres(sql)

    def _in_lake(self, model: Model) -> list[tuple[Any, ...]]:
        lake = lakes.lake_of(self.ends, self.kind)
        if not list((lake.folder / self.name).glob("*.parquet")):
            return []
        # A column that came with a load of no rows is in no file yet.
        found = ([row.get(name) for name in model.names()] for row in lake.read(self.name).to_pylist())
        return sorted((model.told(row) for row in found), key=repr)


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | Decimal) else "'" + value.replace("'", "''") + "'"
