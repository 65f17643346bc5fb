"""A connector opened in the run's own process, where no child's guard is: the door is what judges its connections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.control import connectors
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.job_folders import job_folder
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.overriding import fake_of
from kaireon_orch.orchestration.scrubbing import know, open_known
from kaireon_orch.worker import opening

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from kaireon_orch.contract.source import Opening
    from kaireon_orch.network.guard import Policy

STEP_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A connector's type, and its `Opening` in this process; `connector` is what it was asked for by."""

    connector: str
    type: str
    opening: Opening[Any]

    def __repr__(self) -> str:
        return f"Unsealed(connector={self.connector!r}, type={self.type!r})"


def unsealed(connector: str, held: ExitStack) -> Unsealed:
    """The connector of that resource key or name, opened until `held` closes.

    Raises NotFound, SecretUnreadable; `Fault` NOT_SUPPORTED where a fake stands in its place, MISSING_FIELDS, and those
    of a role that AWS does not let us assume.
    """
    if fake_of(connector) is not None:
        words = f"ko.override puts a fake in the place of {connector}: it has no vendor's client or resource."
        raise Fault(FaultCode.NOT_SUPPORTED, words)
    with open_registry() as registry:
        tenant = Caller.operator(registry.settings.tenant).tenant
        found = open_known(registry, tenant, connectors.by_name(registry, tenant, connector).id)
        policy = policy_for(registry, [found])
        fields = found.for_child()
    know(found, fields["auth"])  # a role's session keys too
    folder = held.enter_context(job_folder())
    return Unsealed(connector, found.type, opening.opening(_Here(_door(policy, folder), str(folder)), fields))


@dataclass(frozen=True, slots=True)
class _Here:
    """Where a connector is opened, as `worker.opening` asks for it."""

    door: ChildDoor
    folder: str


class _EachStep(Deadline):
    """A client lives as long as its run: each look-up and connection of it has the same time."""

    def left(self) -> float:
        return STEP_SECONDS


def _door(policy: Policy, folder: Path) -> ChildDoor:
    deadline = _EachStep(math.inf, FaultCode.TIMED_OUT)
    return ChildDoor(policy, deadline, Refusals.beside(folder), kernel=False)
