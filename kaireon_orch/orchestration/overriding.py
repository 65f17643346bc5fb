"""`ko.override(orders_pg=fake)`: within it, connectors of these names are fakes wherever they are asked for."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome
    from kaireon_orch.orchestration.code_tables import CodePipeline
    from kaireon_orch.orchestration.config import RunConfig
    from kaireon_orch.orchestration.fakes import FakeConnector

WAREHOUSE = "warehouse"
"""By which the built-in target is overridden."""

_NONE: Mapping[str, FakeConnector] = MappingProxyType({})
_fakes: ContextVar[Mapping[str, FakeConnector]] = ContextVar("fakes", default=_NONE)


@contextmanager
def override(**fakes: FakeConnector) -> Iterator[None]:
    """Put fakes in the place of connectors, by resource key; `warehouse` is the built-in target."""
    token = _fakes.set({**_fakes.get(), **fakes})
    try:
        yield
    finally:
        _fakes.reset(token)


def fake_of(connector: str) -> FakeConnector | None:
    """What stands in for the connector of that resource key here."""
    return _fakes.get().get(connector)


def concerns(source: str, target: str | None) -> bool:
    """Whether one of a pipeline's ends is overridden."""
    return bool({source, target or WAREHOUSE} & _fakes.get().keys())


def load(
    pipeline: CodePipeline, config: RunConfig, run_id: str, window: Mapping[str, Any] | None = None
) -> tuple[RunOutcome, PinnedPipeline]:
    """Load between fakes in this process, or `window` of it alone. Raises `Fault` as a run does; NOT_RUNNABLE where one end is none."""
    from kaireon_orch.orchestration.fake_loads import load_between  # noqa: PLC0415  the movers, for tests alone

    source, target = _demanded(pipeline.source), _demanded(pipeline.target or WAREHOUSE)
    return load_between(source, target, pipeline, config, run_id, window)


def _demanded(name: str) -> FakeConnector:
    found = fake_of(name)
    if found is None:
        words = f"ko.override leaves {name} as it is: give it a fake too, both ends of a pipeline or none."
        raise Fault(FaultCode.NOT_RUNNABLE, words)
    return found
