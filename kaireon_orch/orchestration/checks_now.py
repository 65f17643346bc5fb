"""The checks of an asset without a load: its table is asked now, in the guarded child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control import tallies
from kaireon_orch.errors import Fault
from kaireon_orch.orchestration import checks_after
from kaireon_orch.orchestration.checks_after import REPLACING, drift_verdict
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.orchestration.last_load import LastLoad


def tally(pipeline: PinnedPipeline) -> Mapping[str, Any]:
    """What the table holds; a target that cannot be asked is told in `fault`, as after a load."""
    try:
        with open_registry() as registry:
            return tallies.tally(registry, pipeline)
    except Fault as fault:
        return {"fault": {"code": fault.code, "message": fault.message}}


def row_count(tally: Mapping[str, Any], pipeline: PinnedPipeline, last: LastLoad | None) -> Verdict:
    """The table's rows against those after the last load: none may be gone; where it is replaced, none may be new."""
    if (unasked := _unasked(tally)) is not None:
        return unasked
    rows, then = tally["rows"], None if last is None else last.row_count
    figures = {"rows_of_table": rows, "rows_after_last_load": then}
    if then is None:
        return Verdict(True, f"{rows:,} rows; no load told how many there were.", figures)
    exact = pipeline.load_mode in REPLACING and pipeline.pipeline.get("partition") is None
    passed = rows == then if exact else rows >= then
    return Verdict(passed, f"{rows:,} rows, {then:,} after the last load.", figures)


def schema(tally: Mapping[str, Any], pipeline: PinnedPipeline, last: LastLoad | None) -> Verdict:
    """The table's columns against those that the last load wrote: none may be gone."""
    if (unasked := _unasked(tally)) is not None:
        return unasked
    columns = tally["columns"]
    gone = [name for name in (last.columns if last else {}) if name not in columns]
    return drift_verdict({"removed": gone} if gone else {}, pipeline, len(columns))


def primary_key(tally: Mapping[str, Any], pipeline: PinnedPipeline) -> Verdict:
    """See `checks_after.primary_key`."""
    return _unasked(tally) or checks_after.primary_key(tally, pipeline)


def _unasked(tally: Mapping[str, Any]) -> Verdict | None:
    """A target that did not answer. It is an error: the check was asked for, and nothing else was."""
    fault = tally["fault"]
    return None if fault is None else Verdict(False, f"{fault['code']}: {fault['message']}")
