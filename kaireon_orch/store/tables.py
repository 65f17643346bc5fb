"""The registry's tables. Times are UTC milliseconds since the epoch; JSON columns hold camelCase documents as the API shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER


class Line(TypeDecorator[str]):
    """Text of a bounded length.

    What no database keeps (NUL, lone surrogates) is bound as U+FFFD: looked up it matches nothing, instead of failing.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's own
        """Make it bindable."""
        return _bindable(value)


class Words(TypeDecorator[str]):
    """Text of any length, bound like a `Line`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's own
        """Make it bindable."""
        return _bindable(value)


def _bindable(value: str | None) -> str | None:
    return None if value is None else _UNKEEPABLE.sub("\ufffd", value)


class Table(DeclarativeBase):
    """Root of the registry's tables."""


class Tenant(Table):
    """`secrets` is a sealed JSON object with the tenant's key for hashed columns (`hashKey`).

    `connectors` and `pipelines` are how many of them it has, so that a list need not count: see `scoped.tally`.
    """

    __tablename__ = "tenants"

    name: Mapped[str] = mapped_column(Line(31), primary_key=True)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    connectors: Mapped[int] = mapped_column(BigInteger, server_default="0")
    pipelines: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[int] = mapped_column(BigInteger)


class ApiKey(Table):
    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_page", "tenant", "created_at", "id"),)

    id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    name: Mapped[str] = mapped_column(Line(200))
    prefix: Mapped[str] = mapped_column(Line(20))
    digest: Mapped[str] = mapped_column(Line(64), unique=True)
    role: Mapped[str] = mapped_column(Line(10))
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Connector(Table):
    """`secrets` is one sealed JSON object: `{"auth": {…}, "config": {…}, "references": […]}`.

    Its `config` holds what was moved out of the column `config`, by JSON pointer, where a mask stands instead;
    `references` are pointers to values that the operator wrote as `${env:…}`. `auth_fields` are the names in `auth`.
    """

    __tablename__ = "connectors"
    __table_args__ = (
        UniqueConstraint("tenant", "name", name="uq_connectors_name"),
        UniqueConstraint("tenant", "resource_key", name="uq_connectors_resource_key"),
        Index("ix_connectors_page", "tenant", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    name: Mapped[str] = mapped_column(Line(200))
    resource_key: Mapped[str] = mapped_column(Line(240))
    type: Mapped[str] = mapped_column(Line(60))
    description: Mapped[str | None] = mapped_column(Words)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    auth_method: Mapped[str] = mapped_column(Line(60))
    auth_fields: Mapped[list[str]] = mapped_column(JSON)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Line(10))
    last_tested_at: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None] = mapped_column(Text)
    last_sync_row_count: Mapped[int | None] = mapped_column(BigInteger)
    last_sync_at: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class Pipeline(Table):
    """The present state of a pipeline; `definition` is its newest version's document."""

    __tablename__ = "pipelines"
    __table_args__ = (
        UniqueConstraint("tenant", "name", name="uq_pipelines_name"),
        UniqueConstraint("tenant", "asset_name", name="uq_pipelines_asset_name"),
        Index("ix_pipelines_page", "tenant", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    name: Mapped[str] = mapped_column(Line(200))
    asset_name: Mapped[str] = mapped_column(Line(240))
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id"), index=True)
    target_connector_id: Mapped[str | None] = mapped_column(ForeignKey("connectors.id"), index=True)
    enabled: Mapped[bool] = mapped_column(Boolean)
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class PipelineVersion(Table):
    """Append-only: what a pipeline was from `revision` on, `deleted` where it ended there.

    `document` is `{"pipeline": {…}, "source": {connector's id, name, resourceKey, type}, "target": {…} | null}`.
    """

    __tablename__ = "pipeline_versions"

    pipeline_id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"), index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    deleted: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Revision(Table):
    """One row, id 1: the registry's rising revision; every change of a pipeline or of a connector's identity raises it."""

    __tablename__ = "registry_revision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class Run(Table):
    """`holder` names the process that executes the run while it is `running`; `cancel_requested` asks it to stop.

    `dagster_run` is Dagster's id of the run that executes it, which is `id` unless that one holds several pipelines;
    none where no server of Dagster's knows of it.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_page", "tenant", "queued_at", "id"),
        Index("ix_runs_pipeline", "pipeline_id", "queued_at", "id"),
    )

    id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    pipeline_id: Mapped[str] = mapped_column(Line(40))
    revision: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Line(24))
    trigger: Mapped[str] = mapped_column(Line(10))
    load_mode: Mapped[str] = mapped_column(Line(24))
    row_limit: Mapped[int | None] = mapped_column(BigInteger)
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_loaded: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_skipped: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_read: Mapped[int] = mapped_column(BigInteger, default=0)
    limit_reached: Mapped[bool] = mapped_column(Boolean, default=False)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    message: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Line(40))
    error_message: Mapped[str | None] = mapped_column(Text)
    holder: Mapped[str | None] = mapped_column(Line(200))
    dagster_run: Mapped[str | None] = mapped_column(Line(40))
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    queued_at: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class RunEvent(Table):
    __tablename__ = "run_events"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    level: Mapped[str] = mapped_column(Line(10))
    message: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)


class Idempotency(Table):
    """An `Idempotency-Key` of a run request, good for 24 h; the digest is of the request's body."""

    __tablename__ = "idempotency_keys"

    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"), primary_key=True)
    key: Mapped[str] = mapped_column(Line(255), primary_key=True)
    digest: Mapped[str] = mapped_column(Line(64))
    run_id: Mapped[str | None] = mapped_column(Line(40))
    created_at: Mapped[int] = mapped_column(BigInteger)


class AuditEntry(Table):
    __tablename__ = "audit_entries"
    __table_args__ = (UniqueConstraint("tenant", "seq", name="uq_audit_entries_seq"),)

    id: Mapped[str] = mapped_column(Line(40), primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(Line(20))
    entity_type: Mapped[str] = mapped_column(Line(20))
    entity_id: Mapped[str | None] = mapped_column(Line(255))
    entity_name: Mapped[str | None] = mapped_column(Line(200))
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    outcome: Mapped[str] = mapped_column(Line(10))
    reason: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    request_id: Mapped[str | None] = mapped_column(Line(64))
    integrity_hash: Mapped[str] = mapped_column(Line(64))
    prev_hash: Mapped[str] = mapped_column(Line(64))


class AuditHead(Table):
    """A chain's end and length per tenant, so that a tail that was cut off is noticed."""

    __tablename__ = "audit_heads"

    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"), primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    head_hash: Mapped[str] = mapped_column(Line(64))


class Breaker(Table):
    """One connector's circuit breaker: `closed`, `open`, `half_open`; `lease_until` is held by the one trial call."""

    __tablename__ = "breakers"

    connector_id: Mapped[str] = mapped_column(
        ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(Line(10))
    failures: Mapped[int] = mapped_column(Integer)
    retry_at: Mapped[int] = mapped_column(BigInteger)
    lease_until: Mapped[int] = mapped_column(BigInteger)


class RateHit(Table):
    """One counted call in a sliding window."""

    __tablename__ = "rate_hits"
    __table_args__ = (Index("ix_rate_hits_window", "bucket", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    bucket: Mapped[str] = mapped_column(Line(200))
    at: Mapped[int] = mapped_column(BigInteger)
