"""A code location like the product's own, whose reload within the process always fails."""

from __future__ import annotations

import dagster as dg

from kaireon_orch.orchestration.building import definitions
from kaireon_orch.orchestration.internals import RegistryTree


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=definitions().assets, component_tree=RegistryTree.of(_fails))


def _fails() -> dg.Definitions:
    raise RuntimeError("a version of Dagster that does this otherwise")
