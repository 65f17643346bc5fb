"""A run whose end nobody saw is reported as the target's ledger says, by the next run at the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from kaireon_orch.store.tables import Run
from kaireon_orch_tests.control_runs.runner import Runner, loaded

if TYPE_CHECKING:
    from kaireon_orch_tests.control_runs.conftest import Maker


def forget(make: Maker, run_id: str, **values: Any) -> None:
    """Make the run's row what a death in the middle of the commit leaves."""
    lost = {"receipt": None, "ended_at": None, "message": None, "rows_loaded": 0, **values}
    with make.registry.database.write() as session:
        session.execute(update(Run).where(Run.id == run_id).values(**lost))


@pytest.mark.parametrize(
    "left",
    [
        {"status": "running", "holder": None, "updated_at": 0},
        {"status": "failed", "error_code": "CHILD_DIED", "error_message": "died"},
        {"status": "canceled", "error_code": "CANCELED", "error_message": "canceled"},
    ],
    ids=["gone", "died", "canceled"],
)
def test_a_committed_run_is_completed(make: Maker, runner: Runner, rows: Any, left: dict[str, Any]) -> None:
    made = make.pipeline("Lost", make.connector(config=rows("lost.csv", 7)))
    runner.execute(made)
    lost = runner.last
    forget(make, lost, **left)
    runner.execute(made)
    row = runner.row(lost)
    assert (row.status, row.rows_loaded, row.error) == ("completed", 7, None)
    assert row.receipt is not None
    assert row.receipt["loadId"] == lost
    assert loaded(make.registry, f"t_{make.caller.tenant}.lost") == 14


def test_a_run_that_committed_nothing_has_failed(make: Maker, runner: Runner, rows: Any) -> None:
    made = make.pipeline("Never", make.connector(config={"path": "nowhere.csv"}))
    runner.refusal(made)
    lost = runner.last
    forget(make, lost, status="running", holder=None, updated_at=0, error_code=None)
    make.registry.settings.home.joinpath("files", "nowhere.csv").write_text("id\n1\n")
    runner.execute(made)
    assert runner.row(lost).status == "failed"
    make.registry.settings.home.joinpath("files", "nowhere.csv").unlink()
