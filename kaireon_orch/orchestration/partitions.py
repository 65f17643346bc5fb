"""A pipeline's `partition` as Dagster's: windows of a column in time, each replaced as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagster import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import AssetExecutionContext, PartitionsDefinition

    from kaireon_orch.control.pinned import PinnedPipeline

_WINDOWS: Mapping[str, tuple[type[TimeWindowPartitionsDefinition], str]] = {
    "hourly": (HourlyPartitionsDefinition, "%Y-%m-%d-%H:%M"),
    "daily": (DailyPartitionsDefinition, "%Y-%m-%d"),
    "weekly": (WeeklyPartitionsDefinition, "%Y-%m-%d"),
    "monthly": (MonthlyPartitionsDefinition, "%Y-%m-%d"),
}

ONE_LOAD = BackfillPolicy.single_run()
"""Neighbouring windows are one window, read and replaced in one load."""


def partitions_of(partition: Mapping[str, Any] | None) -> PartitionsDefinition[Any] | None:
    """Dagster's definition of a pipeline's `partition` object; None for a pipeline that has none."""
    if partition is None:
        return None
    if partition["kind"] == "keys":
        return StaticPartitionsDefinition(partition["keys"])
    kind, form = _WINDOWS[partition["kind"]]
    start = datetime.fromisoformat(partition["start"]).strftime(form)
    return kind(start_date=start, timezone=partition.get("timezone") or "UTC")  # type: ignore[call-arg]  # all four take it


def window_of(context: AssetExecutionContext, pipeline: PinnedPipeline) -> dict[str, Any] | None:
    """What of the source this run reads and replaces; None for a run of no partition, which reads on as it is scheduled.

    `{column, start, end}` with ISO 8601 moments in the partition's zone, or `{column, keys}`.
    """
    partition = pipeline.pipeline.get("partition")
    if partition is None or not (context.has_partition_key or context.has_partition_key_range):
        return None
    if partition["kind"] == "keys":
        return {"column": partition["column"], "keys": list(context.partition_keys)}
    window = context.partition_time_window
    return {
        "column": partition["column"],
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
    }
