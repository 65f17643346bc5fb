"""What a target remembers of loads that nobody here saw the end of: its ledger decides what is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control import warehouse
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import FaultCode
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

SECONDS = 100.0
"""The table's lock is waited for, up to a minute."""

UNSURE = frozenset(
    {
        FaultCode.CHILD_DIED,
        FaultCode.CANCELED,
        FaultCode.DEADLINE,
        FaultCode.REFUSED,
        FaultCode.TIMED_OUT,
        FaultCode.UNEXPECTED,
    }
)
"""How a run may end whose commit was on its way: the answer was lost, not necessarily the rows."""


def entries(
    registry: Registry, pipeline: PinnedPipeline, target: OpenedConnector | None, run_ids: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """`{figures, receipt}` of each run that the target of `pipeline` committed. Raises `Fault`."""
    payload = {
        "target": target.for_child() if target else warehouse.connector(registry.settings),
        "targetTable": pipeline.pipeline["target"],
        "loadIds": list(run_ids),
    }
    policy = policy_for(registry, [target] if target else [], warehouse=target is None)
    found: Mapping[str, Mapping[str, Any]] = run_job(
        "ledger", payload, policy=policy, deadline=SECONDS
    ).result["entries"]
    return found
