"""A child's start without what no job uses: modules that drivers import wherever they are, collections of garbage."""

from __future__ import annotations

import gc
import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

UNUSED: Final = frozenset({"numpy", "pandas", "polars"})
"""Rows are Arrow batches from end to end; these would cost each child 0.3 s and 60 MB."""


COLLECT_EVERY: Final = 100_000
"""Objects: imports make many that stay, and a load makes few."""


class _Absent(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname in UNUSED:
            raise ModuleNotFoundError(f"{fullname} is not to be had in a worker", name=fullname)
        return None


def spare() -> None:
    """From now on these modules are as if they were not installed, and garbage is looked for seldom."""
    gc.set_threshold(COLLECT_EVERY)
    sys.meta_path.insert(0, _Absent())
