"""Stripe."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ApiKeyAuth
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class StripeConfig(ConfigModel):
    """Which account, and which version of the API."""

    account_id: Name | None = Field(
        default=None,
        title="Connected account",
        description="Account to act for, with a platform's key.",
        examples=["acct_1032D82eZvKYlo2C"],
        pattern=r"^[A-Za-z0-9_]*$",
    )
    api_version: ApiVersion | None = Field(default=None, examples=["2025-09-30.clover"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="stripe",
    label="Stripe",
    category=Category.COMMERCE_FINANCE,
    status=Status.READY,
    description="Customers, charges, invoices, subscriptions, prices and events of a Stripe account.",
    config=StripeConfig,
    auth=(AuthMethod("api_key", "Secret or restricted key", ApiKeyAuth, ("apiKey",)),),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("endpoint",),
    example={"apiVersion": "2025-09-30.clover"},
)
