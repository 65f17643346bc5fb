"""`BigQueryResource` for a dataset of the registry, and Dagster's IO managers over it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from dagster_gcp import BigQueryIOManager, BigQueryResource
from dagster_gcp.bigquery.io_manager import BigQueryClient
from pydantic import Field

from kaireon_orch import catalogue
from kaireon_orch.orchestration.native.live import Live
from kaireon_orch.orchestration.native.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from google.cloud import bigquery

    from kaireon_orch.orchestration.native.opening import Unsealed


class LiveBigQuery(Live, BigQueryResource):
    """Its clients log in with the connector's service account, without a file and without the environment."""

    @contextmanager
    def get_client(self) -> Iterator[bigquery.Client]:
        """A client, closed at the end. Raises `Fault` ADDRESS_BLOCKED."""
        with closing(self.opened()) as client:
            yield client


def native(found: Unsealed, held: ExitStack) -> LiveBigQuery:  # noqa: ARG001  nothing is open between clients
    """Raises `Fault` as `.client()` does."""
    open_ = catalogue.client(found.type)
    open_(found.opening).close()
    config = found.opening.config
    return LiveBigQuery.over(
        found.connector, lambda: open_(found.opening), project=config.project, location=config.location
    )


class _Tables(BigQueryClient):
    def __init__(self, resource: LiveBigQuery, write_mode: str) -> None:
        super().__init__(write_mode)
        self._resource = resource

    def connect(self, context: object, table_slice: object) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002  static at Dagster's, which calls it on an instance
        """Dagster names project and dataset in every statement."""
        return self._resource.get_client()


class BigQueryConnectorIOManager(Tables):
    """Frames as tables of BigQuery, through a connector of the registry."""

    kind: ClassVar[type[BigQueryIOManager]]
    name: ClassVar[str] = "BigQueryIOManager"

    dataset: str | None = Field(default=None, description="Dataset of assets whose key has no prefix.")
    timeout: float | None = Field(default=None, description="Seconds that a query may take.")
    write_mode: str = Field(default="truncate", description="truncate, replace or append.")

    def client_for(self, resource: Any) -> Any:  # noqa: ANN401  Dagster's own
        """Dagster's client of BigQuery's tables, over the live resource."""
        return _Tables(resource, self.write_mode)

    def place(self, resource: Any) -> tuple[str, str | None]:  # noqa: ANN401  Dagster's own
        """The project, and the dataset."""
        return resource.project, self.dataset
