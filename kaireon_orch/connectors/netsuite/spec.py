"""Oracle NetSuite, by SuiteQL."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH1
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class NetsuiteConfig(ConfigModel):
    """Which account."""

    account_id: Name | None = Field(
        default=None,
        title="Account id",
        description="As the company's settings show it.",
        examples=["1234567_SB1"],
        pattern=r"^[A-Za-z0-9_-]*$",
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="netsuite",
    label="Oracle NetSuite",
    category=Category.COMMERCE_FINANCE,
    status=Status.COMING_SOON,
    description="Records of an Oracle NetSuite account.",
    config=NetsuiteConfig,
    auth=(OAUTH1,),
    required=("accountId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("accountId", "endpoint"),
    example={"accountId": "1234567"},
)
