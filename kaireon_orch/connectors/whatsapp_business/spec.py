"""WhatsApp Business Platform."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class WhatsappConfig(ConfigModel):
    """Which number."""

    phone_number_id: Name | None = Field(
        default=None,
        title="Phone number id",
        description="Id of the number in Meta's business settings; not the number itself.",
        examples=["106540352242922"],
        pattern=r"^\d*$",
    )
    api_version: ApiVersion | None = Field(default=None, examples=["v20.0"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="whatsapp_business",
    label="WhatsApp Business",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Templates and message analytics of a WhatsApp Business number.",
    config=WhatsappConfig,
    auth=(BEARER_TOKEN,),
    required=("phoneNumberId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"phoneNumberId": "106540352242922"},
)
