"""Azure Event Hubs."""

from pydantic import Field

from kaireon_orch.contract.auth_models import SAS, SERVICE_PRINCIPAL
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class EventHubsConfig(ConfigModel):
    """Which event hub."""

    namespace: Name | None = Field(
        default=None,
        title="Namespace",
        description="Name of the namespace, without the domain.",
        examples=["acme-events"],
        pattern=r"^[A-Za-z0-9-]*$",
    )
    event_hub: Name | None = Field(
        default=None, title="Event hub", description="Event hub to read.", examples=["orders"]
    )
    consumer_group: Name = Field(default="$Default", title="Consumer group", description="Group to read as.")
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="azure_event_hubs",
    label="Azure Event Hubs",
    category=Category.STREAMING,
    status=Status.COMING_SOON,
    description="Events of an Azure event hub in bounded batches.",
    config=EventHubsConfig,
    auth=(SAS, SERVICE_PRINCIPAL),
    required=("namespace", "eventHub"),
    source=BatchSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("namespace", "endpoint"),
    example={"namespace": "acme-events", "eventHub": "orders"},
)
