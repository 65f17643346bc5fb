"""The code location: what workspace.yaml's code server serves."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import dagster as dg

from kaireon_orch.orchestration.building import Builder, definitions
from kaireon_orch.orchestration.translator import PipelineTranslator

_BUILDER = Builder(PipelineTranslator())


@dg.definitions
def defs() -> dg.Definitions:
    """Everything of the registry's newest revision, or of the one that a run carries."""
    return _BUILDER.build()


class _CodeLocation(ModuleType):
    """Once this module is imported it is `kaireon_orch.definitions`, where `ko.definitions()` is a public name."""

    def __call__(self, **options: Any) -> dg.Definitions:  # noqa: ANN401  those of `definitions`
        return definitions(**options)


sys.modules[__name__].__class__ = _CodeLocation
