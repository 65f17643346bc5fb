"""From the first frame to the last: find the job's module, run it, say how it ended."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode, KaireonError
from kaireon_orch.network import fallback
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.hosts import blocked_on_the_way
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.worker.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kaireon_orch.worker.job import Channel

# What a driver makes of a connect that the judge refused.
_DRIVER_WORDS = frozenset({FaultCode.REFUSED, FaultCode.TIMED_OUT, FaultCode.UNEXPECTED})


def make_job(first: Mapping[str, Any], channel: Channel) -> Job:
    """The job that the parent's first frame describes; installs the portable guard where the kernel's is missing."""
    policy = Policy.from_wire(first["policy"])
    refusals = Refusals.beside(Path(first["folder"]).parent)
    if not first["kernel"]:
        fallback.install(policy, refusals)
    seconds = math.inf if first["deadline"] is None else float(first["deadline"])
    deadline = Deadline.after(seconds, FaultCode(first["onDeadline"]))
    door = ChildDoor(policy, deadline, refusals, kernel=bool(first["kernel"]))
    return Job(first["payload"], door, first["folder"], channel)


def last_words(first: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Run the job; `{"result": …}`, or `{"fault": …}` for whatever it raised."""
    try:
        return {"result": _work(first)(job)}
    except Exception as error:  # noqa: BLE001  the process's outermost frame: everything becomes words of ours
        return {"fault": judged(job, error).to_wire()}
    except BaseException as error:  # noqa: BLE001  a native driver's panic is no Exception, and would come again
        return {"fault": _panic(error).to_wire()}


def judged(job: Job, error: Exception) -> Fault:
    """`error` as a fault; the judge's word goes before the driver's."""
    fault = _as_fault(error)
    if fault.fault in _DRIVER_WORDS and job.door.blocked():
        return blocked_on_the_way()
    return fault


def _work(first: Mapping[str, Any]) -> Callable[[Job], dict[str, Any]]:
    module = importlib.import_module(first.get("module") or f"kaireon_orch.worker.{first['job']}")
    work: Callable[[Job], dict[str, Any]] = module.work
    return work


def _as_fault(error: Exception) -> Fault:
    if isinstance(error, Fault):
        return error
    if isinstance(error, KaireonError):
        return Fault(FaultCode.UNEXPECTED, error.message)
    # No text of a driver leaves the child: it may hold secrets.
    return Fault(
        FaultCode.UNEXPECTED, f"the worker met an error that it does not know ({type(error).__name__})"
    )


def _panic(error: BaseException) -> Fault:
    return Fault(FaultCode.UNEXPECTED, f"a driver gave up in the middle of its work ({type(error).__name__})")
