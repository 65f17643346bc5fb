"""Statements of a job author's own, run on a connector's system in the guarded child."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kaireon_orch.control.policies import policy_for
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry


def execute(registry: Registry, opened: OpenedConnector, sql: str) -> None:
    """Run it and wait for its commit; whoever interrupts this ends the child, and nothing is committed. Raises `Fault`."""
    payload = {"connector": opened.for_child(), "sql": sql}
    run_job("execute", payload, policy=policy_for(registry, [opened]), deadline=math.inf)
