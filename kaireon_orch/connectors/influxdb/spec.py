"""InfluxDB."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Name, Query, Url
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class InfluxdbConfig(ConfigModel):
    """Where the server is, and which measurement."""

    url: Url | None = Field(default=None, examples=["https://influx.example.com:8086"])
    database: Database | None = Field(
        default=None,
        description="Database, or in newer servers the bucket that is mapped to it.",
        examples=["telemetry"],
    )
    measurement: Name | None = Field(
        default=None, title="Measurement", description="Measurement to read.", examples=["temperature"]
    )
    retention_policy: Name | None = Field(
        default=None,
        title="Retention policy",
        description="Not given: the database's default.",
        examples=["autogen"],
    )


class MeasurementSource(SourceModel):
    """One measurement, or what one InfluxQL SELECT gives."""

    measurement: Name | None = Field(
        default=None, title="Measurement", description="Measurement to read.", examples=["temperature"]
    )
    query: Query | None = Field(
        default=None,
        title="Query",
        description="One InfluxQL SELECT. Instead of `measurement`.",
        examples=['SELECT mean("value") FROM "temperature" GROUP BY time(1h)'],
    )


SPEC = ConnectorSpec(
    type="influxdb",
    label="InfluxDB",
    category=Category.DATABASES,
    status=Status.READY,
    description="Points of an InfluxDB measurement, by InfluxQL.",
    config=InfluxdbConfig,
    auth=(PASSWORD_TLS, API_KEY_TLS),
    required=("url", "database", "measurement"),
    source=MeasurementSource,
    source_required=("measurement|query",),
    source_from_config={"measurement": "measurement"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("url",),
    example={"url": "https://influx.example.com:8086", "database": "telemetry", "measurement": "temperature"},
)
