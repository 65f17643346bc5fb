"""`.native()` and `native_resource()`: Dagster's own resource for a connector, made where it is asked for."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.orchestration.native.opening import unsealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.orchestration.native.opening import Unsealed

_MODULES: Final[Mapping[str, str]] = {
    "aws_s3": "s3",
    "azure_blob": "azure",
    "azure_data_lake": "azure",
    "bigquery": "bigquery",
    "duckdb": "duckdb",
    "gcs": "gcs",
    "s3_compatible": "s3",
    "snowflake": "snowflake",
}
"""By the connector's type: the module that makes Dagster's resource."""


class NativeResource(ConfigurableResource[Any]):
    """The resource of Dagster's own integration for a connector, filled from the registry when the run starts."""

    connector: str = Field(description="The connector's resource key or name.")

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Any]:  # noqa: ARG002  Dagster's
        """The resource, until the run ends. Raises what `native` raises."""
        with ExitStack() as held:
            yield native(self.connector, held)

    def create_resource(self, context: InitResourceContext) -> Any:  # noqa: ANN401  Dagster's signature
        raise NotImplementedError  # Dagster asks `yield_for_execution`


def native(connector: str, held: ExitStack) -> Any:  # noqa: ANN401  one of Dagster's resources
    """Dagster's resource for a connector, usable until `held` closes.

    Raises `Fault` NOT_SUPPORTED where Dagster has none or it cannot log in like this, NOT_READY where the integration is
    not installed, ADDRESS_BLOCKED and others as `.client()` does; and what `unsealed` raises.
    """
    found = unsealed(connector, held)
    if found.type not in _MODULES:
        label = catalogue.spec(found.type).label
        raise Fault(FaultCode.NOT_SUPPORTED, f"Dagster has no resource for {label} that is filled from here.")
    return _made(found, held)


def _made(found: Unsealed, held: ExitStack) -> Any:  # noqa: ANN401  one of Dagster's resources
    name = f"{__package__}.{_MODULES[found.type]}"
    try:
        module = import_module(name)
    except ImportError as error:
        if (error.name or "").startswith("kaireon_orch"):
            raise
        extra = catalogue.spec(found.type).extra or found.type
        words = f"Dagster's integration is not installed here: pip install 'kaireon-orch[{extra}]'"
        raise Fault(FaultCode.NOT_READY, words) from None
    return module.native(found, held)
