from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.worker.conftest import Child


def test_each_step_is_told_as_it_passes(child: Child) -> None:
    assert child.run("probe", {"path": "orders.csv"}) == {}
    checks = [event["check"] for event in child.events]
    assert all(check["ok"] for check in checks)
    assert all(set(check) == {"name", "ok", "message", "latencyMs", "figures"} for check in checks)
    assert checks[-1]["figures"] == {"rows": 3}


@pytest.mark.parametrize(
    ("config", "code", "step"),
    [
        ({"path": "none.csv"}, FaultCode.OBJECT_MISSING, "object"),
        ({"path": "../orders.csv"}, FaultCode.FILE_NOT_ALLOWED, "file"),
        ({"path": "/etc/passwd"}, FaultCode.FILE_NOT_ALLOWED, "file"),
        ({"path": 3}, FaultCode.MISSING_FIELDS, "fields"),
        ({"path": "orders.csv", "unknown": "canary"}, FaultCode.MISSING_FIELDS, "fields"),
    ],
)
def test_the_step_that_fails_is_the_last_check(
    child: Child, config: dict[str, Any], code: FaultCode, step: str
) -> None:
    with pytest.raises(Fault) as caught:
        child.run("probe", config)
    last = child.events[-1]["check"]
    assert caught.value.fault is code
    assert (last["name"], last["ok"], last["message"]) == (step, False, caught.value.message)
    assert "canary" not in last["message"]
