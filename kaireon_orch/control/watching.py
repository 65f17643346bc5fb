"""The files that pipelines read, looked at without reading one: by one guarded child for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.readiness import DISABLED
from kaireon_orch.errors import Fault, FaultCode, KaireonError
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.triggers import Watched


@dataclass(frozen=True, slots=True)
class Files:
    """What a pipeline's files look like: a digest of names, bytes and times, and when the newest came, with its name.

    `newest` is in nanoseconds; None where there is no file.
    """

    print: str
    newest: tuple[int, str] | None


Seen = dict[str, Files | KaireonError]
"""By the pipeline's id: its files, or why they could not be looked at."""


def look(registry: Registry, wanted: Sequence[Watched], seconds: float) -> Seen:
    """The files of the pipelines, in their order, as far as the time allows: those that it did not reach are left out."""
    seen: Seen = {}
    payload = [each for watched in wanted if (each := _payload(registry, watched, seen)) is not None]

    def take(event: Mapping[str, Any]) -> None:
        seen[event["id"]] = _told(event)

    if payload:
        try:
            job = {"wanted": payload}
            run_job("changes", job, policy=policy_for(registry, []), deadline=seconds, on_event=take)
        except Fault as fault:
            if fault.fault is not FaultCode.DEADLINE:
                raise
    return seen


def _payload(registry: Registry, watched: Watched, seen: Seen) -> dict[str, Any] | None:
    try:
        opened = _usable(registry, watched)
        return {"id": watched.trigger.id, "connector": opened.for_child(), "source": watched.source}
    except KaireonError as error:
        seen[watched.trigger.id] = error
        return None


def _usable(registry: Registry, watched: Watched) -> OpenedConnector:
    opened = open_connector(registry, watched.trigger.tenant, watched.connector_id)
    if opened.status == DISABLED:
        raise Fault(FaultCode.NOT_RUNNABLE, f"The connector {opened.name!r} is disabled.")
    return opened


def _told(event: Mapping[str, Any]) -> Files | KaireonError:
    if "fault" in event:
        return Fault.from_wire(event["fault"])
    newest = event["newest"]
    return Files(event["print"], None if newest is None else (newest[0], newest[1]))
