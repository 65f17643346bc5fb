"""A pipeline as a client writes it: every field's form, bounds and default."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from kaireon_orch.control.automation import Automation, Owners
from kaireon_orch.control.column_shapes import Cast, Columns, Name, Names
from kaireon_orch.control.drafts import Description, faults
from kaireon_orch.control.drafts import Name as RecordName
from kaireon_orch.control.schedules import Schedule, TimeZone
from kaireon_orch.control.shapes import Shape, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.errors import FieldError

MAX_IDENTIFIER_BYTES = 63  # PostgreSQL cuts longer ones off in silence
OURS = "_kaireon"  # prefix of the tables that a target holds for us
MOST_ROWS = 2**63 - 1
A_YEAR_IN_MINUTES = 366 * 24 * 60
A_WEEK_IN_SECONDS = 7 * 24 * 3600

LoadMode = Literal["append", "truncate", "blue_green", "upsert", "incremental_watermark", "scd2"]
LOAD_MODES: tuple[str, ...] = LoadMode.__args__  # type: ignore[attr-defined]
RESERVED_MODES = frozenset({"cdc_mirror"})

_SPAN = re.compile(r"[1-9]\d{0,6}[smhdw]")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,63}")


def _identifier(name: str) -> str:
    if not name or not name.isprintable() or len(name.encode()) > MAX_IDENTIFIER_BYTES:
        raise ValueError(f"must have 1 to {MAX_IDENTIFIER_BYTES} bytes and no control characters")
    if name.lower().startswith(OURS):
        raise ValueError(f"must not begin with {OURS}: such tables hold what loads remember")
    return name


def _mode(mode: object) -> object:
    if isinstance(mode, str) and mode in RESERVED_MODES:
        raise ValueError(f"{mode} is reserved and not available; take one of {', '.join(LOAD_MODES)}")
    return mode


def _lookback(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if not (number or (isinstance(value, str) and _SPAN.fullmatch(value))):
        raise ValueError("takes a span such as 15m, 2h or 7d for times, a number for numbers")
    return value


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("takes an ISO 8601 date or time, e.g. 2026-01-01") from None
    return text


def _tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError("takes 1 to 63 letters, digits, dots, dashes and underscores")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]


class TargetTable(Shape):
    """`{schema, table}`; what is left out is derived from the target and the pipeline's name."""

    schema_name: Identifier | None = Field(default=None, alias="schema")
    table: Identifier | None = None


class Retries(Shape):
    """How often a fault that may pass is tried again; `maxAttempts` counts the first try."""

    max_attempts: Annotated[int, Field(ge=1, le=20)] = 2
    delay_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    backoff: Literal["exponential", "linear", "fixed"] = "exponential"


class Freshness(Shape):
    """`{failAfterMinutes}`: older than that, the asset is stale."""

    fail_after_minutes: Annotated[int, Field(ge=1, le=A_YEAR_IN_MINUTES)]


def _shown_keys(keys: list[str]) -> list[str]:
    """Dagster shows no key with `...`, which it writes between the ends of a range, nor with a control character."""
    for key in keys:
        if "..." in key or any(unicodedata.category(sign) == "Cc" for sign in key):
            raise ValueError(f"keys hold neither '...' nor control characters, as {key[:50]!r} does")
    return keys


class Partition(Shape):
    """Windows of a column in time from `start` on, or a list of keys."""

    column: Name
    kind: Literal["hourly", "daily", "weekly", "monthly", "keys"]
    start: Annotated[str, AfterValidator(_moment)] | None = None
    timezone: TimeZone | None = None
    keys: Annotated[Names, Field(max_length=10_000), AfterValidator(_shown_keys)] | None = None

    @model_validator(mode="after")
    def _fitting_kind(self) -> Partition:
        by_keys = self.kind == "keys"
        if by_keys and not self.keys:
            raise ValueError("of kind keys needs keys")
        if by_keys and (self.start or self.timezone):
            raise ValueError("of kind keys takes neither start nor timezone")
        if not by_keys and (self.keys is not None or self.start is None):
            raise ValueError(f"of kind {self.kind} needs start and takes no keys")
        return self


class PipelineDraft(Shape):
    """Everything about a pipeline that a client decides."""

    name: RecordName
    description: Description | None = None
    connector_id: str
    source: dict[str, Any] = Field(default_factory=dict)
    target_connector_id: str | None = None
    target: TargetTable = TargetTable()
    load_mode: Annotated[LoadMode, BeforeValidator(_mode)] = "append"
    primary_key: Names = Field(default_factory=list)
    cursor_field: Name | None = None
    lookback: Annotated[Any, AfterValidator(_lookback)] = None
    deletes: Literal["close", "keep"] = "close"
    row_limit: Annotated[int, Field(ge=0, le=MOST_ROWS)] | None = None
    columns: Columns = Columns()
    schema_policy: Literal["evolve", "freeze", "discard"] = "evolve"
    on_row_error: Literal["fail", "quarantine"] = "fail"
    allow_empty: bool = False
    schedule: Schedule | None = None
    automation: Automation | None = None
    retries: Retries = Retries()
    enabled: bool = True
    tags: Annotated[list[Annotated[str, AfterValidator(_tag)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    owners: Owners = Field(default_factory=list)
    partition: Partition | None = None
    freshness: Freshness | None = None
    verify: bool = False
    parallelism: Annotated[int, Field(ge=1, le=64)] = 1
    max_runtime_seconds: Annotated[int, Field(ge=1, le=A_WEEK_IN_SECONDS)] = 3600

    def document(self) -> dict[str, Any]:
        """The draft with its defaults, as the registry keeps it; `columns` has what was given alone."""
        kept = self.model_dump(mode="json", by_alias=True, exclude={"columns"})
        return kept | {"columns": self.columns.model_dump(mode="json", by_alias=True, exclude_unset=True)}


# Names at any depth: an unknown key is told the nearest of them.
NESTED = (
    *(name for model in (TargetTable, Retries, Freshness, Partition, Columns, Cast) for name in names(model)),
    *("kind", "expression", "minutes", "keepLast"),
)


def read(document: Mapping[str, Any]) -> tuple[PipelineDraft | None, list[FieldError]]:
    """The draft, or every field at fault."""
    if wrong := faults(PipelineDraft, document, NESTED):
        return None, wrong
    return PipelineDraft.model_validate(document), []
