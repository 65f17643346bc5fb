"""A connector type as the API shows it."""

from typing import Any, Literal

from pydantic import Field

from api.schemas.envelopes import Envelope


class AuthMethodShown(Envelope):
    name: str
    label: str
    auth_schema: dict[str, Any] = Field(
        description="JSON Schema 2020-12 of `authConfig`; secrets are `writeOnly`."
    )


class CapabilitiesShown(Envelope):
    streams: bool
    row_limit: bool
    incremental: bool
    discover: bool
    preview: bool
    target: bool
    formats: list[str]


class ConnectorType(Envelope):
    type: str
    label: str
    category: str
    status: Literal["ready", "coming_soon"]
    proof: Literal["real", "emulator", "fake", "none"] = Field(description="How the type is tested.")
    description: str
    config_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of `config`.")
    auth_methods: list[AuthMethodShown]
    required_fields: list[str] = Field(description="What a test demands; `a|b` is either of the two.")
    steers: list[str] = Field(description="Fields that decide which system gets the credentials.")
    capabilities: CapabilitiesShown
    docs_url: str
