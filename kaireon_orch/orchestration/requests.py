"""What every run is told that a schedule or a sensor starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.launch import TAG_PIPELINE, TAG_TENANT, lost_worker_tags

if TYPE_CHECKING:
    from kaireon_orch.control.triggers import Triggered


def tags_of(trigger: Triggered) -> dict[str, str]:
    """Tags of a run of that pipeline."""
    return {
        TAG_PIPELINE: trigger.id,
        TAG_TENANT: trigger.tenant,
        **lost_worker_tags(trigger.max_attempts),
    }
