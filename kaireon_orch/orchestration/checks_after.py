"""What a load says to the checks of its asset: judged from its figures, nothing is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.errors import FaultCode
from kaireon_orch.orchestration.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome
    from kaireon_orch.orchestration.last_load import LastLoad

SCHEMA_CODES: Final = frozenset({FaultCode.SCHEMA_CHANGED, FaultCode.TYPE_LOSSY})
"""Errors with which a load is refused for its columns, before anything is written."""

REPLACING: Final = frozenset({"truncate", "blue_green"})
_MERGING: Final = frozenset({"upsert", "scd2"})


def row_count(outcome: RunOutcome, pipeline: PinnedPipeline, *, windowed: bool) -> Verdict:
    """Rows read = loaded + rejected + left out by the mode, as the target's ledger has them; and the table's count."""
    left_out = outcome.rows_read - outcome.rows_loaded - outcome.rows_rejected
    whole = pipeline.load_mode in REPLACING and not windowed
    figures = {
        "rows_read": outcome.rows_read,
        "rows_loaded": outcome.rows_loaded,
        "rows_rejected": outcome.rows_rejected,
        "rows_skipped": outcome.rows_skipped,
        "rows_left_out": left_out,
        "rows_of_receipt": outcome.receipt.get("rows"),
        "rows_of_table": outcome.row_count,
    }
    fault = _parity(outcome, left_out, merges=merges(pipeline)) or _held(outcome, whole=whole)
    words = f"{outcome.rows_read:,} rows read, {outcome.rows_loaded:,} loaded, {outcome.rows_rejected:,} rejected."
    return Verdict(fault is None, fault or words, figures)


def merges(pipeline: PinnedPipeline) -> bool:
    """Whether rows of a load may meet others of the same key, so that fewer are loaded than read."""
    keyed = bool(pipeline.pipeline.get("primaryKey"))
    return pipeline.load_mode in _MERGING or (pipeline.load_mode == "incremental_watermark" and keyed)


def _parity(outcome: RunOutcome, left_out: int, *, merges: bool) -> str | None:
    if left_out < 0 or (left_out and not merges):
        return (
            f"{outcome.rows_read:,} rows were read, but {outcome.rows_loaded:,} loaded and "
            f"{outcome.rows_rejected:,} rejected."
        )
    receipt = outcome.receipt.get("rows")
    if receipt is not None and receipt != outcome.rows_loaded:
        return f"The target's ledger has {receipt:,} rows of this load, not {outcome.rows_loaded:,}."
    return None


def _held(outcome: RunOutcome, *, whole: bool) -> str | None:
    """Whether the table holds at least the load's rows, or nothing else where all of it was replaced."""
    count = outcome.row_count
    if count is None or outcome.already_loaded:
        return None
    if count < outcome.rows_loaded or (whole and count != outcome.rows_loaded):
        return f"The table holds {count:,} rows after a load of {outcome.rows_loaded:,}."
    return None


def schema(outcome: RunOutcome, pipeline: PinnedPipeline, last: LastLoad | None) -> Verdict:
    """The written columns against those of the last load. Drift is an error where schemaPolicy is freeze."""
    columns = {column["name"]: column["arrowType"] for column in outcome.schema}
    if not columns:
        return Verdict(True, "Nothing was written.")
    known = last.columns if last is not None and last.columns else None
    drift = _drift(known or columns, columns, outcome)
    if known is None and not drift:
        return Verdict(True, "The first load that Dagster knows of.", {"columns": len(columns)})
    return drift_verdict(drift, pipeline, len(columns))


def drift_verdict(drift: Mapping[str, list[str]], pipeline: PinnedPipeline, columns: int) -> Verdict:
    """A verdict on columns by what happened to them: `added`, `removed`, `changed`, `left_out`."""
    words = "; ".join(f"{kind.replace('_', ' ')}: {', '.join(names)}" for kind, names in drift.items())
    figures = {"columns": columns, **{f"columns_{kind}": names for kind, names in drift.items()}}
    frozen = pipeline.pipeline.get("schemaPolicy") == "freeze"
    return Verdict(
        not drift,
        f"Columns {words}." if drift else "The columns are those of the last load.",
        figures,
        warns=not frozen,
    )


def _drift(known: Mapping[str, str], found: Mapping[str, str], outcome: RunOutcome) -> dict[str, list[str]]:
    changed = [name for name in found if name in known and known[name] != found[name]]
    kinds = {
        "added": [name for name in found if name not in known],
        "removed": [name for name in known if name not in found],
        "changed": [f"{name} ({known[name]} to {found[name]})" for name in changed],
        "left_out": list(outcome.left_out),
    }
    return {kind: names for kind, names in kinds.items() if names}


def refusal(words: str) -> Verdict:
    """A load that was refused for its columns: the table was left as it was."""
    return Verdict(False, f"Nothing was loaded. {words}")


def primary_key(tally: Mapping[str, Any] | None, pipeline: PinnedPipeline) -> Verdict:
    """No row without its key, none with another's: as the target itself counts. One that cannot say is a warning."""
    key = ", ".join(pipeline.pipeline.get("primaryKey") or ())
    if tally is None:
        return Verdict(True, "Nothing was loaded, so nothing was counted.")
    if tally["fault"] is not None:
        fault = tally["fault"]
        return Verdict(False, f"Not counted: {fault['code']}: {fault['message']}", warns=True)
    figures = {"primary_key": key, "rows": tally["rows"]}
    figures |= {"rows_without_key": tally["nulls"], "duplicate_rows": tally["duplicates"]}
    if not (tally["nulls"] or tally["duplicates"]):
        return Verdict(True, f"{tally['rows']:,} rows, each with a {key} of its own.", figures)
    words = f"{tally['nulls']:,} rows lack {key}, {tally['duplicates']:,} repeat one."
    return Verdict(False, words, figures)
