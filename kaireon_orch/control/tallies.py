"""What a pipeline's target holds now, asked in the guarded child: nothing is loaded, made or locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control import readiness, warehouse
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import FaultCode
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

SECONDS = 120.0


def tally(registry: Registry, pipeline: PinnedPipeline) -> Mapping[str, Any]:
    """`{rows, nulls, duplicates, columns, fault}` of the pipeline's table, as a run tells them after its load.

    Raises `Fault` where the pipeline cannot run, or its target cannot be asked.
    """
    target = readiness.target(registry, pipeline)
    payload = {
        "pipeline": dict(pipeline.pipeline),
        "target": target.for_child() if target else warehouse.connector(registry.settings),
        "targetTable": pipeline.pipeline["target"],
    }
    policy = policy_for(registry, [target] if target else [], warehouse=target is None)
    return run_job("tally", payload, policy=policy, deadline=SECONDS, on_deadline=FaultCode.TIMED_OUT).result
