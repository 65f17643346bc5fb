"""`truncate`: the table is emptied and loaded anew in one transaction."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode(replaces=True, guards_empty=True)
