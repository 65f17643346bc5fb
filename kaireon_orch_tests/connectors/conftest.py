"""Real systems to load between."""

from __future__ import annotations

from kaireon_orch_tests.connectors.mysql_ends import my
from kaireon_orch_tests.movement.ends import ends

__all__ = ["ends", "my"]
