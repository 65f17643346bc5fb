"""`blue_green`: the rows go into a table of the same making, which then takes the place of the old one."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode(replaces=True, guards_empty=True)
