"""What a child never loads, though it is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
from kaireon_orch.worker.sparing import UNUSED

if TYPE_CHECKING:
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Make an array, with which pyarrow imports pandas where it can."""
    del job
    return {"length": len(pa.array([1, None])), "loaded": sorted(UNUSED & sys.modules.keys())}


def test_a_child_makes_arrays_without_what_no_job_uses() -> None:
    made = run_job("trial", {}, policy=Policy(), deadline=30, module=__name__).result
    assert made == {"length": 2, "loaded": []}
