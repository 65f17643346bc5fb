"""Apache Pulsar."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, NONE_TLS
from kaireon_orch.contract.fields import Name, Text
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class PulsarConfig(ConfigModel):
    """Which cluster and topic."""

    service_url: str | None = Field(
        default=None,
        title="Service URL",
        description="`pulsar://`, or `pulsar+ssl://` to encrypt.",
        max_length=2048,
        pattern=r"^(pulsar(\+ssl)?://[^\x00-\x1f\x7f]+)?$",
        examples=["pulsar+ssl://pulsar.example.com:6651"],
    )
    topic: Text | None = Field(
        default=None,
        title="Topic",
        description="Whole name of the topic.",
        examples=["persistent://shop/prod/orders"],
    )
    subscription: Name | None = Field(
        default=None,
        title="Subscription",
        description="Not given: `kaireon-<pipeline id>`.",
        examples=["kaireon-orders"],
    )


SPEC = ConnectorSpec(
    type="apache_pulsar",
    label="Apache Pulsar",
    category=Category.STREAMING,
    status=Status.COMING_SOON,
    description="Messages of a Pulsar topic in bounded batches.",
    config=PulsarConfig,
    auth=(NONE_TLS, BEARER_TOKEN_TLS),
    required=("serviceUrl", "topic"),
    source=BatchSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("serviceUrl",),
    example={"serviceUrl": "pulsar+ssl://pulsar.example.com:6651", "topic": "persistent://shop/prod/orders"},
)
