"""The child's life while it loads: drivers that panic, exit, hang, flood and die; figures that move, not too often."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
from kaireon_orch_tests.worker import misbehaving


def loaded(do: str, *, deadline: float = 30, **settings: Any) -> dict[str, Any]:
    found = run_job(
        "trial",
        {"do": do},
        policy=Policy(),
        deadline=deadline,
        module="kaireon_orch_tests.worker.misbehaving",
        **settings,
    )
    return found.result


def fault_of(do: str, **settings: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        loaded(do, **settings)
    assert "canary" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(("do", "name"), [("panics", "PanicException"), ("exits", "SystemExit")])
def test_what_is_no_exception_is_told_and_not_tried_again(do: str, name: str) -> None:
    fault = fault_of(do)
    assert (fault.fault, fault.retryable) == (FaultCode.UNEXPECTED, False)
    assert name in fault.message


def test_a_driver_that_hangs_is_killed_at_the_deadline() -> None:
    began = time.monotonic()
    assert fault_of("hangs", deadline=2).fault is FaultCode.DEADLINE
    assert time.monotonic() - began < 8


def test_a_driver_that_hangs_can_be_canceled() -> None:
    cancel = threading.Event()
    began = time.monotonic()
    stopper = threading.Timer(2, cancel.set)
    stopper.start()
    fault = fault_of("hangs", cancel=cancel)
    stopper.join()
    assert fault.fault is FaultCode.CANCELED
    assert time.monotonic() - began < 10


def test_a_driver_that_dies_may_be_tried_again() -> None:
    fault = fault_of("dies")
    assert (fault.fault, fault.retryable) == (FaultCode.CHILD_DIED, True)
    assert "signal 11" in fault.message


def test_a_driver_that_floods_does_not_block(capfd: pytest.CaptureFixture[str]) -> None:
    assert loaded("floods") == {"rows": 3}
    assert capfd.readouterr() == ("", "")


def test_figures_move_at_most_twice_a_second() -> None:
    told: list[tuple[float, int]] = []

    def on_event(event: dict[str, Any]) -> None:
        told.append((time.monotonic(), event["progress"]["rowsRead"]))

    assert loaded("dawdles", on_event=on_event) == {"rows": 3 * misbehaving.MANY}
    rows = [each[1] for each in told]
    assert rows == sorted(set(rows))
    lasted = told[-1][0] - told[0][0]
    assert 3 <= len(told) <= 2 * lasted + 2
