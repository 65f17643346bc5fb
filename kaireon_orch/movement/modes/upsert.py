"""`upsert`: a row takes the place of the one with its key; a key that is not there yet is added."""

from __future__ import annotations

from kaireon_orch.movement.modes.mode import Mode

MODE = Mode(keyed=True)
