"""What a materialization says: an allow-list of figures and names, never anything of a connector's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import TableColumn, TableColumnDep, TableColumnLineage, TableSchema

from kaireon_orch import settings
from kaireon_orch.control import warehouse
from kaireon_orch.orchestration.names import source_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome


def metadata_of(outcome: RunOutcome, pipeline: PinnedPipeline) -> dict[str, Any]:
    """Metadata of one run: Dagster's own keys for the table, `kaireon/` for the load's figures.

    Rows and bytes are counts of this run; `dagster/row_count` is the whole target table's.
    """
    return {key: value for key, value in _told(outcome, pipeline).items() if value is not None}


def storage_kind(pipeline: PinnedPipeline) -> str:
    """The type of the target: the connector's, or what the built-in warehouse is."""
    if pipeline.target is not None:
        return str(pipeline.target["type"])
    return warehouse.type_of(settings.load())


def _told(outcome: RunOutcome, pipeline: PinnedPipeline) -> dict[str, Any]:
    return {
        "dagster/row_count": outcome.row_count,
        "dagster/column_schema": table_schema(outcome.schema) if outcome.schema else None,
        "dagster/column_lineage": column_lineage(outcome.schema, pipeline) if outcome.schema else None,
        "dagster/table_name": outcome.table,
        "dagster/storage_kind": storage_kind(pipeline) if outcome.table else None,
        "kaireon/rows_read": outcome.rows_read,
        "kaireon/rows_loaded": outcome.rows_loaded,
        "kaireon/rows_rejected": outcome.rows_rejected,
        "kaireon/rows_skipped": outcome.rows_skipped,
        "kaireon/bytes": outcome.bytes_read,
        "kaireon/rows_per_second": rate(outcome.rows_read, outcome.duration_ms),
        "kaireon/row_limit": outcome.row_limit,
        "kaireon/limit_reached": outcome.limit_reached,
        "kaireon/load_mode": pipeline.load_mode,
        "kaireon/message": outcome.message,
    }


def table_schema(columns: Sequence[Mapping[str, Any]]) -> TableSchema:
    """The target's columns by Arrow type; the description tells the source's own word for it."""
    return TableSchema(
        [TableColumn(column["name"], column["arrowType"], _origin(column)) for column in columns]
    )


def column_lineage(columns: Sequence[Mapping[str, Any]], pipeline: PinnedPipeline) -> TableColumnLineage:
    """Each written column's own in the source; those that came from no column of it have none."""
    source = source_key(
        pipeline.tenant, pipeline.source["resourceKey"], pipeline.pipeline.get("source") or {}
    )
    renamed = (pipeline.pipeline.get("columns") or {}).get("rename") or {}
    read = {new: old for old, new in renamed.items()}
    return TableColumnLineage(
        {
            column["name"]: [TableColumnDep(source, read.get(column["name"], column["name"]))]
            for column in columns
        }
    )


def _origin(column: Mapping[str, Any]) -> str | None:
    word = column.get("sourceType")
    return f"{word} in the source" if word else None


def rate(rows: int, duration_ms: int | None) -> float | None:
    """Rows per second, one decimal; None for a run that took no measurable time."""
    return round(rows * 1000 / duration_ms, 1) if duration_ms else None
