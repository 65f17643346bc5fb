"""What the code server last read of the registry, kept in the home: it is shown while the registry is out of reach.

The file, for its owner's eyes, holds what definitions are built of: pipelines and the connectors' names; nothing of how a
connector connects.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dagster import AssetSpec

from kaireon_orch.control.pinned import ConnectorIdentity, PinnedPipeline, Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOG = logging.getLogger(__name__)

FILE: Final = "last-known.json"
NOTICE: Final = "registry_out_of_reach"


class LastKnown(NamedTuple):
    """The registry at a revision; `read_at` in ISO 8601, UTC. Revision 0: nothing is known."""

    revision: int
    read_at: str
    pipelines: Sequence[PinnedPipeline]
    connectors: Sequence[ConnectorIdentity]


NOTHING: Final = LastKnown(0, "", (), ())


def keep(
    home: Path,
    revision: int,
    pipelines: Sequence[PinnedPipeline],
    connectors: Sequence[ConnectorIdentity],
) -> None:
    """Write the file, whole or not at all, mode 0600; a home that cannot be written to costs a line in the log."""
    document = {
        "revision": revision,
        "readAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "pipelines": [asdict(each) for each in pipelines],
        "connectors": [asdict(each) for each in connectors],
    }
    try:
        _replace(home / FILE, json.dumps(document))
    except OSError as error:
        LOG.warning("What was read of the registry is not kept for an outage: %s", error.strerror)


def found(home: Path) -> LastKnown:
    """What the file says; NOTHING without one, or for one of another version."""
    try:
        document = json.loads((home / FILE).read_text(encoding="utf-8"))
        return LastKnown(
            document["revision"],
            document["readAt"],
            [_pipeline(each) for each in document["pipelines"]],
            [ConnectorIdentity(**each) for each in document["connectors"]],
        )
    except FileNotFoundError:
        return NOTHING
    except (OSError, ValueError, TypeError, KeyError) as error:
        LOG.warning("What was kept of the registry cannot be read (%s).", type(error).__name__)
        return NOTHING


def was_here(home: Path) -> bool:
    """Whether a registry has been read from this home."""
    return (home / FILE).exists()


def notice(known: LastKnown) -> AssetSpec:
    """What the UI shows beside the assets as long as they are the last known ones: where everybody looks."""
    shown = (
        f"The assets beside this are those of revision {known.revision}, read at {known.read_at}."
        if known.revision
        else "Nothing is known of it yet, so no pipeline is shown."
    )
    words = (
        f"**The registry is out of reach.** {shown} Runs fail and schedules skip until it is back; this then goes "
        "away by itself. Look at the registry's database, and at KAIREON_DATABASE_URL of the code server."
    )
    return AssetSpec(NOTICE, description=words, group_name=NOTICE)


def _pipeline(document: Mapping[str, Any]) -> PinnedPipeline:
    reads = tuple(Upstream((key[0], key[1]), partitioned) for key, partitioned in document["reads"])
    return PinnedPipeline(**{**document, "reads": reads})


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)  # noqa: PTH105  one call, also on a name
    except BaseException:
        os.unlink(name)  # noqa: PTH108  as above
        raise
