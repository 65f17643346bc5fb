"""What a pipeline's `source` may say, in the shapes that several types share."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from kaireon_orch.contract.fields import MaxMessages, Name, Query, SourceTable, WaitTimeout
from kaireon_orch.contract.spec import SourceModel


class TableSource(SourceModel):
    """One table or view."""

    table: SourceTable | None = None


class TableOrQuerySource(TableSource):
    """One table or view, or what one SELECT gives."""

    query: Query | None = Field(
        default=None,
        title="Query",
        description="One SELECT (or WITH … SELECT), run read-only. Instead of `table`.",
        examples=["SELECT id, total FROM orders WHERE total > 0"],
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.table and self.query:
            raise ValueError("give table or query, not both")
        return self


class NamedStreamSource(SourceModel):
    """One of the streams that the type offers."""

    stream: Name | None = Field(
        default=None,
        title="Stream",
        description="Name of what to read, as discovery lists it.",
        examples=["customers"],
    )


class BatchSource(SourceModel):
    """Messages of a queue or a topic, read in bounded batches and acknowledged once they are durable."""

    max_messages: MaxMessages = 1000
    wait_timeout_seconds: WaitTimeout = 15.0
