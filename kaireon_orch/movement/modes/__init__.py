"""The load modes, a module each; every module has one `MODE`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from kaireon_orch.contract.load import LoadMode
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch.movement.modes.mode import Mode


def mode_named(name: str) -> Mode:
    """The mode of that name. Raises `Fault` NOT_SUPPORTED for one that there is not."""
    if name not in set(LoadMode):
        known = ", ".join(LoadMode)
        raise Fault(FaultCode.NOT_SUPPORTED, f"There is no load mode {name}; take one of {known}.")
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("Mode", module.MODE)
