"""The deep test: a connector's own, and what pipelines read of it, looked at in the guarded child.

The connector's part is an ordinary test: it is stored, audited, and counts for the breaker. What is wrong with one
table says nothing about the connector and counts for nothing. The tests' rate limit is of requests; this is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import probing, sources
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import TestResult

SECONDS = 15.0
"""To open a connection and look at one table; so long for each more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that is read: a pipeline's `source`, and columns `{name, use, index}`; `index`: one is to begin with it."""

    source: Mapping[str, Any]
    columns: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """The connector's test, and by name `{steps, columns}` of what is read; nothing of that where the test failed."""

    test: TestResult
    reads: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def examine(registry: Registry, caller: Caller, connector_id: str, wanted: Mapping[str, Wanted]) -> Examined:
    """Test the connector, then look at each of `wanted`. Raises `NotFound`, `SecretUnreadable`.

    A failure is an answer: in the test's result, or as a step of what could not be read.
    """
    test = probing.test_connector(registry, caller, {"id": connector_id})
    if not test.success:
        return Examined(test)
    try:
        return Examined(test, _looked(registry, caller.tenant, connector_id, wanted))
    except Fault as fault:
        step = {"name": "read", "ok": False, "message": fault.message, "code": fault.code}
        return Examined(test, {name: {"steps": [step], "columns": []} for name in wanted})


def _looked(
    registry: Registry, tenant: str, connector_id: str, wanted: Mapping[str, Wanted]
) -> Mapping[str, Any]:
    opened = open_connector(registry, tenant, connector_id)
    reads = {
        name: {
            "source": sources.effective(opened.spec, opened.config, each.source),
            "columns": [dict(column) for column in each.columns],
        }
        for name, each in wanted.items()
    }
    found: Mapping[str, Any] = run_job(
        "examine",
        {"connector": opened.for_child(), "reads": reads},
        policy=policy_for(registry, [opened]),
        deadline=SECONDS * (1 + len(reads)),
        on_deadline=FaultCode.TIMED_OUT,
    ).result["reads"]
    return found
