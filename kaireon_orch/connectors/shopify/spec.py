"""Shopify, by the GraphQL Admin API."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Name, Secret
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import (
    AuthMethod,
    AuthModel,
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    Status,
)


class ShopifyConfig(ConfigModel):
    """Which shop."""

    shop: Name | None = Field(
        default=None,
        title="Shop",
        description="Name of the shop, with or without `.myshopify.com`.",
        examples=["acme.myshopify.com"],
        pattern=r"^[A-Za-z0-9-]*(\.myshopify\.com)?$",
    )
    api_version: ApiVersion | None = Field(default=None, examples=["2026-10"])
    endpoint: Endpoint | None = None


class ShopifyTokenAuth(AuthModel):
    """The access token of an app that is installed in the shop."""

    token: Secret | None = Field(
        default=None,
        title="Access token",
        description="Shown once when the app is installed; begins with `shpat_`.",
    )


SPEC = ConnectorSpec(
    type="shopify",
    label="Shopify",
    category=Category.COMMERCE_FINANCE,
    status=Status.READY,
    description="Orders, customers, products and inventory of a Shopify shop.",
    config=ShopifyConfig,
    auth=(AuthMethod("access_token", "Admin API access token", ShopifyTokenAuth, ("token",)), OAUTH2),
    required=("shop",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("shop", "endpoint"),
    example={"shop": "acme.myshopify.com"},
)
