"""Every snippet of docs/python.md, in its order, on a registry of its own."""

from __future__ import annotations

import doctest
import re
import sqlite3
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb

if TYPE_CHECKING:
    from kaireon_orch_tests.orchestration.conftest import Desk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
ORDERS = [
    (1, "ada", 19.99, "2026-01-05 09:00:00"),
    (2, "ben", 5, "2026-01-06 10:00:00"),
    (3, "ada", 20, "2026-02-09 11:00:00"),
]


def connectors(desk: Desk) -> None:
    with sqlite3.connect(desk.files / "shop.db") as database:
        database.execute(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total DECIMAL(10,2), placed TIMESTAMP)"
        )
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ORDERS)
    database.close()
    desk.connector("shop", "sqlite", {"path": str(desk.files / "shop.db")})
    desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    desk.csv("people", "name,town\nada,Bern\nben,Rome\n")


def shown(block: str, names: dict[str, Any]) -> None:
    """A dialogue, whose answers are those of the page; of a traceback its last line counts."""
    case = doctest.DocTestParser().get_doctest(block, names, "docs/python.md", None, 0)
    failures, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(case, clear_globs=False)
    assert failures == 0
    names.update(case.globs)


def test_every_snippet_does_what_the_page_says(desk: Desk) -> None:
    connectors(desk)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) > 10
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Class .*Sql.* is currently in preview")
        for block in blocks:
            if block.startswith(">>>"):
                shown(block, names)
            else:
                exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)  # noqa: S102  what the page shows
        component = names["big_orders"].build_defs(dg.ComponentTree.for_test().load_context)
        assert dg.materialize([component.resolve_assets_def("big")]).success
    assert dg.materialize([names["open_orders"]], resources=names["defs"].resources).success
    with duckdb.connect(str(desk.files / "lake.duckdb"), read_only=True) as lake:
        assert lake.sql("SELECT id FROM big ORDER BY id").fetchall() == [(1,), (3,)]
        assert lake.sql("SELECT id FROM public.orders_by_day ORDER BY id").fetchall() == [(1,), (3,)]
        assert lake.sql("SELECT customer FROM public.customers ORDER BY 1").fetchall() == [("ada",), ("ben",)]
        assert lake.sql("SELECT count(*) FROM public.open_orders").fetchall() == [(3,)]
