"""`scd2`: a changed row closes its version and opens a new one; what did not change is left."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode(keyed=True, needs_all=True)
