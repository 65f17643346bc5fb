"""What Dagster remembers of an asset's last load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster import TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import AssetKey, DagsterInstance, MetadataValue


@dataclass(frozen=True, slots=True)
class LastLoad:
    """The newest materialisation: Arrow types by column, rows of the whole table and of the load, None where untold."""

    columns: Mapping[str, str] = field(default_factory=dict)
    row_count: int | None = None


def of(instance: DagsterInstance, key: AssetKey) -> LastLoad | None:
    """The asset's newest materialisation; None where there is none."""
    event = instance.get_latest_materialization_event(key)
    found = None if event is None else event.asset_materialization
    if found is None:
        return None
    told = found.metadata
    return LastLoad(_columns(told), _value(told, "dagster/row_count"))


def _columns(told: Mapping[str, MetadataValue]) -> dict[str, str]:
    schema = _value(told, "dagster/column_schema")
    return {column.name: column.type for column in schema.columns} if isinstance(schema, TableSchema) else {}


def _value(told: Mapping[str, MetadataValue], name: str) -> Any:  # noqa: ANN401  any of Dagster's kinds
    return told[name].value if name in told else None
