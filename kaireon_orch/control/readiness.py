"""What must hold before anything of a run is opened: nothing disabled, nothing missing, no breaker open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.control import breaker
from kaireon_orch.control.opened import open_connector
from kaireon_orch.errors import Fault, FaultCode, NotFound, SecretUnreadable
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Ready:
    """A pipeline that may run. No `source`: its type is coming soon, and no end was opened.

    No `target`: the built-in warehouse. `config_row_limit` is the connector's own, as its config says.
    """

    spec: ConnectorSpec
    config_row_limit: int | None
    source: OpenedConnector | None = None
    target: OpenedConnector | None = None

    def row_limit(self, requested: int | None, pipeline: PinnedPipeline) -> int | None:
        """The cap that holds, in rows: the run's, the pipeline's, the connector's, the type's; 0 and None: no cap."""
        choices = (requested, pipeline.pipeline["rowLimit"], self.config_row_limit, self.spec.row_limit)
        return next((choice for choice in choices if choice is not None), None)


def check(registry: Registry, pipeline: PinnedPipeline) -> Ready:
    """Open the secrets of a pipeline that may run.

    Raises `Fault` in words that say what to do: NOT_RUNNABLE (disabled, gone), MISSING_FIELDS (fields or
    credentials), BREAKER_OPEN, SECRET_UNREADABLE.
    """
    if not pipeline.enabled:
        raise _not_runnable(f"The pipeline {pipeline.name!r} is disabled; enable it to run it.")
    rows = _enabled_connectors(registry, pipeline)
    source = rows[0]
    spec = catalogue.spec(source.type)
    limit = _row_limit_of(source.config)
    if spec.status is Status.COMING_SOON:
        return Ready(spec, limit)
    opened = [_opened(registry, row) for row in rows]
    return Ready(spec, limit, opened[0], opened[1] if len(opened) > 1 else None)


def target(registry: Registry, pipeline: PinnedPipeline) -> OpenedConnector | None:
    """Open the target alone; None for the built-in warehouse. Raises as `check` does."""
    if pipeline.target is None:
        return None
    return _opened(registry, _enabled(registry, pipeline.tenant, pipeline.target))


def _enabled_connectors(registry: Registry, pipeline: PinnedPipeline) -> list[Connector]:
    """The source, and the target where it is not the built-in one, as they are now."""
    ends = [pipeline.source] + ([pipeline.target] if pipeline.target is not None else [])
    return [_enabled(registry, pipeline.tenant, end) for end in ends]


def _enabled(registry: Registry, tenant: str, end: Mapping[str, Any]) -> Connector:
    with registry.database.read() as session:
        row = session.scalars(scoped.row(Connector, tenant, end["id"])).one_or_none()
    if row is None:
        raise _not_runnable(f"The connector {end['name']!r} is gone; give the pipeline another one.")
    if row.status == DISABLED:
        raise _not_runnable(f"The connector {row.name!r} is disabled; set its status to active to run it.")
    return row


def _row_limit_of(config: Mapping[str, Any]) -> int | None:
    limit = config.get("rowLimit")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else None


def _opened(registry: Registry, row: Connector) -> OpenedConnector:
    try:
        opened = open_connector(registry, row.tenant, row.id)
    except NotFound:
        raise _not_runnable(f"The connector {row.name!r} is gone; give the pipeline another one.") from None
    except SecretUnreadable as error:
        raise Fault(FaultCode.SECRET_UNREADABLE, error.message) from None
    _demand_fields(opened)
    _demand_credentials(opened)
    _demand_closed_breaker(registry, opened)
    return opened


def _demand_closed_breaker(registry: Registry, opened: OpenedConnector) -> None:
    try:
        breaker.demand_closed(registry, opened.id)
    except Fault as fault:
        # Waiting helps, but a run is refused at once: whoever reads the words decides when to try again.
        raise Fault(fault.fault, f"The connector {opened.name!r}: {fault.message}", retryable=False) from None


def _demand_fields(opened: OpenedConnector) -> None:
    if opened.missing_fields:
        names = ", ".join(opened.missing_fields)
        raise Fault(
            FaultCode.MISSING_FIELDS, f"The connector {opened.name!r} lacks {names}; set them in its config."
        )


def _demand_credentials(opened: OpenedConnector) -> None:
    if opened.spec.auth_method(opened.auth_method) is None:
        raise _not_runnable(
            f"The connector {opened.name!r} has an authMethod that {opened.spec.label} has not."
        )
    if lacking := opened.missing_credentials():
        words = f"The connector {opened.name!r} lacks the credentials {', '.join(lacking)}; set them in its authConfig."
        raise Fault(FaultCode.MISSING_FIELDS, words)


def _not_runnable(words: str) -> Fault:
    return Fault(FaultCode.NOT_RUNNABLE, words)
