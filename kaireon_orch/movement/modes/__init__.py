"""The load modes, a module each; every module has one `MODE`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from kaireon_orch.contract.load import LoadMode
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch.movement.modes.mode import Mode

BUILT = (LoadMode.APPEND, LoadMode.TRUNCATE)


def mode_named(name: str) -> Mode:
    """The mode of that name. Raises `Fault` NOT_SUPPORTED for one that is not built yet."""
    if name not in BUILT:
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"The load mode {name} is not supported yet; use {' or '.join(BUILT)}."
        )
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("Mode", module.MODE)
