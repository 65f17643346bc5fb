"""`incremental_watermark`: only rows beyond the last load's cursor are read; by key where there is one, else added."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode(resumes=True)
