"""Dagster's stock set-up: as many assets as the product has pipelines, each of which does nothing."""

from __future__ import annotations

import os

import dagster as dg


def _trivial(name: str) -> dg.AssetsDefinition:
    @dg.asset(name=name)
    def nothing() -> None:
        """No work at all."""

    return nothing


@dg.definitions
def defs() -> dg.Definitions:
    """With Dagster's default executor, the multiprocess one."""
    return dg.Definitions(assets=[_trivial(f"stock_{n}") for n in range(int(os.environ["BENCH_ASSETS"]))])
