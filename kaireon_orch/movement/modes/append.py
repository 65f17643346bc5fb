"""`append`: all rows are added, in one transaction."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode()
