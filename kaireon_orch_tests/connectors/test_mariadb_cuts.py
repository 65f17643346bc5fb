"""A load whose connections end at any one of its commands: the table is as before or as after, and the next run mends all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.errors import Fault
from kaireon_orch_tests.connectors.mysql_cutter import cutting

if TYPE_CHECKING:
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

Row = tuple[Any, ...]

FIRST = "id,n,late\n1,1,\n2,2,\n"
THEN = "id,n,late\n2,20,5000000000\n3,x,1\n3,3,1\n4,4,\n"
"""A new row, a changed one, one for the rejects, and a column that has to become wider."""

MODES: dict[str, list[Row]] = {
    "append": [(1, 1), (2, 2), (2, 20), (3, 3), (4, 4)],
    "truncate": [(2, 20), (3, 3), (4, 4)],
    "upsert": [(1, 1), (2, 20), (3, 3), (4, 4)],
    "scd2": [(1, 1), (2, 2), (2, 20), (3, 3), (4, 4)],
}
SAMPLE = 24
MOST = 90


def load(my: MyEnds, text: str, mode: str, run: str) -> None:
    types = {"id": "string", "n": "string", "late": "string"}
    casts = {"id": "int64", "n": "int64", "late": "int32" if text is FIRST else "int64"}
    options = {"loadMode": mode, "primaryKey": ["id"], "columns": {"cast": casts}, "onRowError": "quarantine"}
    my.run(my.csv(text, types=types), my.my(), schema=None, run_id=run, **options)


def held(my: MyEnds) -> list[Row]:
    there = my.sql("SHOW TABLES LIKE 't'")
    return my.sql("SELECT id, n FROM t ORDER BY id, n") if there else []


def demand_clean(my: MyEnds, mode: str, runs: int) -> None:
    """Nothing but the tables, each without its mark; the rejects and the ledger as of one load each."""
    names = {"t", "t__rejects", LEDGER_TABLE}
    about = my.sql(
        f"SELECT TABLE_NAME, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{my.own}'"
    )
    assert {name for name, _ in about} == names
    assert {comment for _, comment in about} == {""}
    assert my.sql("SELECT COUNT(*), COUNT(DISTINCT load_id) FROM t__rejects") == [(1, 1)]
    assert my.sql(f"SELECT COUNT(*) FROM {LEDGER_TABLE} WHERE mode = '{mode}'") == [(runs,)]


def cut_and_run_again(my: MyEnds, mode: str, at: int, *, answered: bool, first: bool) -> bool:
    """Whether the load came so far as to be cut."""
    my.sql("DROP TABLE IF EXISTS t, t__rejects, " + LEDGER_TABLE)
    before: list[Row] = []
    if not first:
        load(my, FIRST, mode, "first")
        before = held(my)
    after = MODES[mode] if not first else MODES["truncate"]
    failed = False
    with cutting(my.mariadb, at, answered=answered) as cutter:
        try:
            load(replace(my, mariadb=replace(my.mariadb, port=cutter.port)), THEN, mode, "then")
        except Fault:
            failed = True
    assert held(my) in ((before, after) if failed else (after,)), f"{mode}, command {at}"
    load(my, THEN, mode, "then")
    assert held(my) == after, f"{mode}, command {at}"
    demand_clean(my, mode, 1 if first else 2)
    return cutter.commands >= at


@pytest.mark.parametrize("mode", MODES)
def test_a_load_that_is_cut_anywhere_is_whole_or_nothing(my: MyEnds, mode: str) -> None:
    begin = 3 + 5 * list(MODES).index(mode) % SAMPLE
    first = mode == "append"
    cuts = [
        cut_and_run_again(my, mode, at, answered=at % 2 == 0, first=first)
        for at in range(begin, MOST, SAMPLE)
    ]
    assert cuts[0]
    assert not cuts[-1]


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_load_that_is_cut_at_every_command(my: MyEnds, mode: str, answered: bool, first: bool) -> None:
    at = 1
    while cut_and_run_again(my, mode, at, answered=answered, first=first):
        at += 1
    assert at > SAMPLE
