"""What a materialization says: an allow-list of figures and names, never anything of a connector's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import (
    AssetKey,
    AssetObservation,
    MetadataValue,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from kaireon_orch import settings
from kaireon_orch.control import warehouse
from kaireon_orch.orchestration.names import source_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome


def metadata_of(outcome: RunOutcome, pipeline: PinnedPipeline, *, windowed: bool = False) -> dict[str, Any]:
    """Metadata of one run: Dagster's own keys for the table, `kaireon/` for the load's figures.

    Rows and bytes are counts of this run; `dagster/row_count` is the whole target table's, and of a run of a partition
    (`windowed`) `dagster/partition_row_count` is what it loaded.
    """
    told = {**_of_table(outcome, pipeline, windowed=windowed), **_of_load(outcome, pipeline)}
    return {key: value for key, value in told.items() if value is not None}


def storage_kind(pipeline: PinnedPipeline) -> str:
    """The type of the target: the connector's, or what the built-in warehouse is."""
    if pipeline.target is not None:
        return str(pipeline.target["type"])
    return warehouse.type_of(settings.load())


def _of_table(outcome: RunOutcome, pipeline: PinnedPipeline, *, windowed: bool) -> dict[str, Any]:
    return {
        "dagster/row_count": outcome.row_count,
        "dagster/partition_row_count": outcome.rows_loaded if windowed else None,
        "dagster/column_schema": table_schema(outcome.schema) if outcome.schema else None,
        "dagster/column_lineage": column_lineage(outcome.schema, pipeline) if outcome.schema else None,
        "dagster/table_name": outcome.table,
        "dagster/storage_kind": storage_kind(pipeline) if outcome.table else None,
    }


def _of_load(outcome: RunOutcome, pipeline: PinnedPipeline) -> dict[str, Any]:
    return {
        "kaireon/run": run_link(outcome),
        "kaireon/rows_read": outcome.rows_read,
        "kaireon/rows_loaded": outcome.rows_loaded,
        "kaireon/rows_rejected": outcome.rows_rejected,
        "kaireon/rows_skipped": outcome.rows_skipped,
        "kaireon/bytes": outcome.bytes_read,
        "kaireon/rows_per_second": rate(outcome.rows_read, outcome.duration_ms),
        "kaireon/row_limit": outcome.row_limit,
        "kaireon/limit_reached": outcome.limit_reached,
        "kaireon/load_mode": pipeline.load_mode,
        "kaireon/snapshot": outcome.snapshot,
        "kaireon/watermark_before": outcome.watermark_before,
        "kaireon/watermark_after": outcome.watermark_after,
        "kaireon/message": outcome.message,
    }


def run_link(outcome: RunOutcome) -> MetadataValue:
    """The API's run: its address where the API listens on one, else its id."""
    return MetadataValue.text(outcome.run_id) if outcome.url is None else MetadataValue.url(outcome.url)


def observations_of(outcome: RunOutcome, pipeline: PinnedPipeline) -> Iterator[AssetObservation]:
    """What the run saw of its source, for the external asset upstream: the columns that it read, and the state.

    What another pipeline wrote is told by that one's own runs.
    """
    if not outcome.schema or pipeline.reads:
        return
    columns = [{**each, "name": _source_name(each)} for each in outcome.schema]
    metadata: dict[str, Any] = {"dagster/column_schema": source_columns(columns)}
    if outcome.snapshot is not None:
        metadata["kaireon/snapshot"] = outcome.snapshot
    yield AssetObservation(source_of(pipeline), metadata=metadata)


def source_columns(columns: Sequence[Mapping[str, Any]]) -> TableSchema:
    """A source's columns, `{name, sourceType}`, in its own words."""
    return TableSchema([TableColumn(each["name"], each.get("sourceType") or "") for each in columns])


def source_of(pipeline: PinnedPipeline) -> AssetKey:
    """The external asset that the pipeline reads."""
    return source_key(pipeline.tenant, pipeline.source["resourceKey"], pipeline.pipeline.get("source") or {})


def table_schema(columns: Sequence[Mapping[str, Any]]) -> TableSchema:
    """The target's columns by Arrow type; the description tells the source's own word for it."""
    return TableSchema(
        [TableColumn(column["name"], column["arrowType"], _origin(column)) for column in columns]
    )


def column_lineage(columns: Sequence[Mapping[str, Any]], pipeline: PinnedPipeline) -> TableColumnLineage:
    """Each written column's own in the source, however it was renamed, cast, hashed or masked on the way."""
    sources = [AssetKey(each.asset_key) for each in pipeline.reads] or [source_of(pipeline)]
    return TableColumnLineage(
        {
            column["name"]: [TableColumnDep(source, _source_name(column)) for source in sources]
            for column in columns
        }
    )


def _source_name(column: Mapping[str, Any]) -> str:
    return str(column.get("sourceName") or column["name"])


def _origin(column: Mapping[str, Any]) -> str | None:
    word = column.get("sourceType")
    return f"{word} in the source" if word else None


def rate(rows: int, duration_ms: int | None) -> float | None:
    """Rows per second, one decimal; None for a run that took no measurable time."""
    return round(rows * 1000 / duration_ms, 1) if duration_ms else None
