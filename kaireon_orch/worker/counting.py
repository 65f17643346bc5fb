"""How a target keeps what a pipeline loaded: asked after a load, and by the job `tally`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.load import LoadMode, TableName
from kaireon_orch.contract.target import Counting
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.target import Target


def tallied(target: Target, table: TableName, pipeline: Mapping[str, Any]) -> dict[str, Any]:
    """`{rows, nulls, duplicates, columns, fault}` of the table and the pipeline's `primaryKey`.

    `fault` is `{code, message}` where the target could not be asked, and the figures are then None: what was loaded
    stays loaded.
    """
    found: dict[str, Any] = dict.fromkeys(("rows", "nulls", "duplicates", "columns", "fault"))
    try:
        return found | _asked(target, table, pipeline)
    except Fault as fault:
        return found | {"fault": {"code": fault.code, "message": fault.message}}


def _asked(target: Target, table: TableName, pipeline: Mapping[str, Any]) -> dict[str, Any]:
    look = target.look(table)
    try:
        if not isinstance(look, Counting):
            raise Fault(FaultCode.NOT_SUPPORTED, "This target does not count its rows.")
        shape = look.describe()
        if shape is None:
            raise Fault(FaultCode.OBJECT_MISSING, f"There is no table {table}.")
        current = pipeline.get("loadMode") == LoadMode.SCD2
        counts = look.tally(pipeline.get("primaryKey") or (), current=current)
    finally:
        look.abort()
    figures = {"rows": counts.rows, "nulls": counts.nulls, "duplicates": counts.duplicates}
    return {**figures, "columns": [column.name for column in shape.columns]}
