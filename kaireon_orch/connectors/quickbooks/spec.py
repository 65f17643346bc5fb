"""QuickBooks Online."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class QuickbooksConfig(ConfigModel):
    """Which company."""

    realm_id: Name | None = Field(
        default=None,
        title="Realm id",
        description="Number of the company.",
        examples=["9130347596842384796"],
        pattern=r"^\d*$",
    )
    environment: Literal["production", "sandbox"] = Field(
        default="production", title="Environment", description="It selects the host."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="quickbooks",
    label="QuickBooks Online",
    category=Category.COMMERCE_FINANCE,
    status=Status.COMING_SOON,
    description="Invoices, payments, customers and accounts of a QuickBooks company.",
    config=QuickbooksConfig,
    auth=(OAUTH2,),
    required=("realmId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("environment", "endpoint"),
    example={"realmId": "9130347596842384796"},
)
