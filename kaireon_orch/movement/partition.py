"""A partition's window as the target's rows have it: by the table's name of the column, and by its values there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow, keys
from kaireon_orch.movement import types

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kaireon_orch.contract.source import Window
    from kaireon_orch.movement.columns import ColumnPlan, ColumnStep


def of_table(
    window: Window, read: pa.Schema, shaped: ColumnPlan, written: pa.Schema, columns: Mapping[str, Any]
) -> Window:
    """The window of a read as that of the table whose rows it replaces. `columns` are the pipeline's.

    Keys go the way of the column's own values. Raises `Fault` OBJECT_MISSING where the column is not loaded,
    NOT_SUPPORTED where the rows of the window cannot be told apart by what becomes of it.
    """
    step = next((step for step in shaped.steps if step.field.name == window.column), None)
    if step is None or window.column not in written.names:
        raise Fault(
            FaultCode.OBJECT_MISSING,
            f"The partition's column {window.column!r} is not loaded, so that its rows cannot be replaced.",
        )
    _demand_told_apart(step, window, columns)
    if window.keys is None:
        return window
    field = written.field(window.column)
    made, _ = step.made(keys.values(window.keys, read.field(step.source)))
    return replace(window, keys=_written(made, field, window))


def _written(made: pa.Array, field: pa.Field, window: Window) -> tuple[str, ...]:
    """The keys as the table holds them."""
    try:
        return keys.canonical(keys.texts(types.exact(made, field.type)), field)
    except (pa.ArrowException, TypeError):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"The keys of the partition are no values of the table's column {window.column!r}, which is "
            f"{arrow.type_words(field.type)}.",
        ) from None


def _demand_told_apart(step: ColumnStep, window: Window, columns: Mapping[str, Any]) -> None:
    if step.source in (columns.get("mask") or {}) or step.loose:
        raise _refused(window, "is masked or cast with allowLoss")
    if window.keys is None and not _is_time(step):
        raise _refused(window, "becomes no time or number in order")


def _is_time(step: ColumnStep) -> bool:
    """Whether values keep the order that a window in time is told by."""
    type_ = step.field.type
    return step.unchanged or bool(pa.types.is_timestamp(type_) or pa.types.is_date(type_))


def _refused(window: Window, what: str) -> Fault:
    return Fault(
        FaultCode.NOT_SUPPORTED,
        f"The partition's column {window.column!r} {what} on its way, so that the rows to replace cannot be found: "
        "leave it as it is.",
    )
