"""Google BigQuery."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name, Project, SourceTable
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class BigqueryConfig(ConfigModel):
    """Which project and dataset, and what to read."""

    project: Project | None = None
    dataset: Name | None = Field(
        default=None,
        title="Dataset",
        description="Dataset of the source table.",
        examples=["sales"],
        pattern=r"^[A-Za-z0-9_.:-]*$",
    )
    source_table: SourceTable | None = Field(default=None, examples=["sales.orders"])
    location: Name | None = Field(
        default=None,
        title="Location",
        description="Region or multi-region that runs the jobs. Not given: the dataset's.",
        examples=["EU"],
        pattern=r"^[A-Za-z0-9-]*$",
    )
    maximum_bytes_billed: int | None = Field(
        default=None,
        title="Bytes billed at most",
        description="A query that would be billed for more is refused by BigQuery before it runs.",
        ge=0,
        le=2**63 - 1,
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="bigquery",
    label="Google BigQuery",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of a BigQuery dataset.",
    config=BigqueryConfig,
    auth=(SERVICE_ACCOUNT, OAUTH2),
    required=("project", "dataset", "sourceTable"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("endpoint",),
    example={"project": "acme-analytics", "dataset": "sales", "sourceTable": "orders", "rowLimit": 100000},
    extra="bigquery",
    row_limit=100_000,
)
