"""Workday, by Reports-as-a-Service."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, PASSWORD
from kaireon_orch.contract.fields import Endpoint, Text, Url
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class WorkdayConfig(ConfigModel):
    """Which report."""

    tenant_url: Url | None = Field(
        default=None,
        title="Tenant URL",
        description="Address of the tenant's report service.",
        examples=["https://wd3-services1.myworkday.com/ccx/service/customreport2/acme"],
    )
    report: Text | None = Field(
        default=None,
        title="Report",
        description="Owner and name of the report, with a slash between.",
        examples=["isu_kaireon/Orders"],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="workday",
    label="Workday",
    category=Category.APIS,
    status=Status.COMING_SOON,
    description="Rows of a Workday custom report.",
    config=WorkdayConfig,
    auth=(PASSWORD, OAUTH2),
    required=("tenantUrl", "report"),
    source=SourceModel,
    capabilities=Capabilities(streams=False),
    steers=("tenantUrl", "endpoint"),
    example={
        "tenantUrl": "https://wd3-services1.myworkday.com/ccx/service/customreport2/acme",
        "report": "isu_kaireon/Orders",
    },
)
