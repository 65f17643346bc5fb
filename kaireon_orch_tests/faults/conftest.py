"""Real systems to load between, and processes to be killed."""

from __future__ import annotations

from kaireon_orch_tests.faults.parents import parents
from kaireon_orch_tests.movement.ends import ends

__all__ = ["ends", "parents"]
