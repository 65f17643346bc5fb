"""What callers see: frozen models whose JSON (by alias) is the API's, word for word."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class View(BaseModel):
    """Frozen and camelCase outside; `to_json` is the API's object."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def to_json(self) -> dict[str, Any]:
        """The object as the API shows it."""
        return self.model_dump(mode="json", by_alias=True)


class UnknownField(View):
    """A key that the type does not know: its path, and the nearest known key, None where nothing is near."""

    field: str
    nearest: str | None


class ConnectorView(View):
    """The connector object: never credentials; secrets inside `config` are masked. Times are ISO 8601, UTC, ms."""

    id: str
    name: str
    resource_key: str
    type: str
    description: str | None
    config: dict[str, Any]
    auth_method: str
    status: str
    last_tested_at: str | None
    last_error: str | None
    last_sync_row_count: int | None
    last_sync_at: str | None
    missing_fields: list[str]
    unknown_fields: list[UnknownField]
    created_at: str
    updated_at: str
    version: int = Field(exclude=True)

    @property
    def etag(self) -> str:
        """The strong entity tag of this version."""
        return f'"{self.version}"'


class TestedConnector(ConnectorView):
    """The connector inside a test's answer, with its credentials masked."""

    auth_config: dict[str, Any]


class CheckView(View):
    """One step of a probe; `ok` is None where it was not tried, latency in milliseconds."""

    name: str
    ok: bool | None
    message: str
    latency_ms: int


class TestResult(View):
    """The answer of a connection test; `connector` is None for a draft."""

    __test__ = False

    success: bool
    status: str
    message: str
    code: str
    latency_ms: int
    checks: list[CheckView]
    connector: TestedConnector | None
    auth_config: dict[str, Any]


class KeyView(View):
    """An API key as lists show it: never the key itself."""

    id: str
    name: str
    prefix: str
    role: str
    expires_at: str | None
    last_used_at: str | None
    created_at: str


class AuditView(View):
    """One entry of a tenant's audit chain."""

    id: str
    at: str
    action: str
    entity_type: str
    entity_id: str | None
    entity_name: str | None
    actor: dict[str, Any]
    outcome: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    integrity_hash: str
    prev_hash: str
