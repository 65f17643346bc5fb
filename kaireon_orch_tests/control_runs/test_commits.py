"""A run that is stopped while its rows are being committed is reported as the target's ledger says, at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from kaireon_orch.control.caller import Caller
from kaireon_orch.errors import KaireonError
from kaireon_orch_tests.control_runs.conftest import Maker, opened
from kaireon_orch_tests.control_runs.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch_tests.servers.postgres import PostgresServer

SLOW_COMMIT = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON _kaireon_loads DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow();
"""
"""The ledger's row makes the COMMIT itself take long: longer than a canceled child lives, or too long for its server."""


@pytest.fixture
def database(postgres: PostgresServer, request: pytest.FixtureRequest) -> str:
    name = f"commits_{request.node.callspec.params['seconds']}"
    return postgres.database(name)


@pytest.fixture
def runner(tmp_path: Path, database: str) -> Iterator[Runner]:
    with opened(tmp_path / "home", warehouse_url=database) as registry:
        yield Runner(Maker(registry, Caller.operator("default")))


@pytest.mark.parametrize(("seconds", "status"), [(4, "completed"), (60, "canceled")])
def test_a_cancel_during_the_commit(
    runner: Runner, postgres: PostgresServer, seconds: int, status: str
) -> None:
    (runner.make.registry.settings.home / "files" / "rows.csv").write_text("id\n1\n2\n")
    made = runner.make.pipeline("Rows")
    runner.execute(made)
    with psycopg.connect(postgres.dsn(f"commits_{seconds}"), autocommit=True) as target:
        target.execute(SLOW_COMMIT.format(seconds=seconds).encode())
        cancel = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(_ended, runner, made, cancel)
            _wait_for_commit(target)
            cancel.set()
            ended = run.result()
        rows = target.execute("SELECT count(*) FROM rows").fetchone()
    assert (ended, runner.row().status) == (status, status)
    assert rows == ((4,) if status == "completed" else (2,))


def _ended(runner: Runner, made: PipelineView, cancel: threading.Event) -> str:
    try:
        return runner.execute(made, cancel=cancel).status
    except KaireonError:
        return runner.row().status


def _wait_for_commit(target: psycopg.Connection[tuple[object, ...]]) -> None:
    committing = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT'"
    give_up = time.monotonic() + 60
    while not target.execute(committing).fetchone():
        assert time.monotonic() < give_up
        time.sleep(0.05)
