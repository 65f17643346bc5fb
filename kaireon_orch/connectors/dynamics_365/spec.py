"""Dynamics 365, by Dataverse."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
from kaireon_orch.contract.fields import Endpoint, Name, Url
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class DynamicsConfig(ConfigModel):
    """Which environment and table."""

    environment_url: Url | None = Field(
        default=None,
        title="Environment URL",
        description="Address of the environment.",
        examples=["https://acme.crm4.dynamics.com"],
    )
    entity: Name | None = Field(
        default=None,
        title="Entity set",
        description="Plural logical name of the table.",
        examples=["accounts"],
        pattern=r"^[A-Za-z0-9_]*$",
    )
    tenant_id: Name | None = Field(
        default=None,
        title="Directory (tenant) id",
        description="Entra directory that the application is registered in.",
        examples=["acme.onmicrosoft.com"],
        pattern=r"^[A-Za-z0-9.-]*$",
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="dynamics_365",
    label="Dynamics 365",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Rows of a Dataverse table.",
    config=DynamicsConfig,
    auth=(OAUTH2,),
    required=("environmentUrl", "entity"),
    source=SourceModel,
    capabilities=Capabilities(streams=False, incremental=True),
    steers=("environmentUrl", "endpoint"),
    example={"environmentUrl": "https://acme.crm4.dynamics.com", "entity": "accounts"},
)
