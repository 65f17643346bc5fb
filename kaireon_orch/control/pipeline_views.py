"""The pipeline object as callers see it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kaireon_orch.control.views import View


class PipelineView(View):
    """A pipeline with how its last run went; times are ISO 8601, UTC, ms. No secret is in any of it."""

    id: str
    name: str
    description: str | None
    connector_id: str
    source: dict[str, Any]
    target_connector_id: str | None
    target: dict[str, Any]
    load_mode: str
    primary_key: list[str]
    cursor_field: str | None
    lookback: str | int | float | None
    deletes: str = "close"
    row_limit: int | None
    columns: dict[str, Any]
    schema_policy: str
    on_row_error: str
    allow_empty: bool
    schedule: dict[str, Any] | None
    automation: dict[str, Any] | None = None
    retries: dict[str, Any]
    enabled: bool
    tags: list[str]
    owners: list[str] = Field(default_factory=list)
    partition: dict[str, Any] | None
    freshness: dict[str, Any] | None
    verify: bool
    parallelism: int
    max_runtime_seconds: int
    asset_key: list[str]
    last_run_id: str | None
    last_run_status: str | None
    last_run_at: str | None
    created_at: str
    updated_at: str
    version: int = Field(exclude=True)

    @property
    def etag(self) -> str:
        """The strong entity tag of this version; a run does not change it."""
        return f'"{self.version}"'
