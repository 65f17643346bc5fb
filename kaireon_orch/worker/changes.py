"""Job `changes`: the state of the files that pipelines read, without reading one.

Payload `{"wanted": [{"id", "connector", "source"}]}`. An event for each as soon as it is known: `{"id", "files",
"newest": [nanoseconds, name] | null, "print"}`, or `{"id", "fault"}`. Result `{}`. `files` counts; `newest` is the file
that was changed or came last; `print` is a digest of every file's name, bytes and times.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.origin import FileOrigin
from kaireon_orch.families.files.places import LocalFile
from kaireon_orch.worker.opening import opening, source_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.worker.job import Job

LONGEST_NAME = 120  # characters kept of a name, its last ones


def work(job: Job) -> dict[str, Any]:
    """Look at all that is wanted; one that cannot be looked at does not keep the others from it."""
    for wanted in job.payload["wanted"]:
        try:
            job.emit({"id": wanted["id"], **_state(job, wanted)})
        except Fault as fault:
            job.emit({"id": wanted["id"], "fault": fault.to_wire()})
    return {}


def _state(job: Job, wanted: Mapping[str, Any]) -> dict[str, Any]:
    found = sorted(_files(job, wanted))
    newest = max(((changed, name) for name, _, changed in found), default=None)
    told = "\n".join(f"{name}\0{size}\0{changed}" for name, size, changed in found)
    return {
        "files": len(found),
        "newest": newest and [newest[0], newest[1][-LONGEST_NAME:]],
        "print": sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    }


def _files(job: Job, wanted: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Name, bytes, and when it was changed or came, in nanoseconds: a file that is moved in keeps its own time."""
    source = source_model(wanted["connector"], wanted["source"])
    origin = FileOrigin(opening(job, wanted["connector"]))
    try:
        places = origin.places(getattr(source, "pattern", None))
    except Fault as fault:
        if fault.fault is not FaultCode.OBJECT_MISSING:
            raise
        return
    for place in places:
        if isinstance(place, LocalFile) and (status := _status(job, place.path)) is not None:
            yield place.path, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns)


def _status(job: Job, path: str) -> os.stat_result | None:
    """The file's status; None for one that is not there now."""
    try:
        with job.door.open_file(path) as file:
            return os.fstat(file.fileno())
    except Fault as fault:
        if fault.fault is not FaultCode.OBJECT_MISSING:
            raise
        return None
