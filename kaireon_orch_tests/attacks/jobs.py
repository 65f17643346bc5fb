"""Many attempts in one real guarded child: each is a job of the worker with a payload of its own.

Payload `{"tries": [{"job", …}]}`; result `{"told": [{"code", "message", "result", "checks"}]}`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kaireon_orch.network.refusals import Refusals
from kaireon_orch.worker.dispatch import judged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.worker.job import Channel, Job


@dataclass
class Kept:
    """Takes what a job would tell its parent."""

    events: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, document: Mapping[str, Any]) -> None:
        self.events.append(document["event"])

    def send_arrow(self, stream: bytes) -> None:
        """Rows are not looked at."""


def work(job: Job) -> dict[str, Any]:
    return {"told": [_told(job, attempt) for attempt in job.payload["tries"]]}


def _told(job: Job, attempt: dict[str, Any]) -> dict[str, Any]:
    Refusals.beside(Path(job.folder).parent).note.unlink(missing_ok=True)
    kept = Kept()
    inner = replace(job, payload=attempt, channel=cast("Channel", kept))
    try:
        result = importlib.import_module(f"kaireon_orch.worker.{attempt['job']}").work(inner)
    except Exception as error:  # noqa: BLE001  as the worker's outermost frame does
        fault = judged(inner, error)
        return {"code": fault.code, "message": fault.message, "result": None, "checks": kept.events}
    return {"code": "OK", "message": "", "result": result, "checks": kept.events}
