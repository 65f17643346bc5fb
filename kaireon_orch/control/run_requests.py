"""What a run is asked for, what it says on its way, and what it ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.pinned import PinnedPipeline


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run. `row_limit` None: as the pipeline says; 0: no cap.

    `attempt` counts from 1 where whoever runs it tries again by the pipeline's `retries`: the run then stays
    `running` between two tries. None: what fails has failed. `window` is the partition that is read and replaced,
    `{column, start, end}` or `{column, keys}`. `dagster_run` is Dagster's id of the run that executes
    it, None where no server of Dagster's knows of it. `tally`: count the target's rows and key after the load.
    """

    run_id: str
    tenant: str
    pipeline: PinnedPipeline
    trigger: str
    row_limit: int | None = None
    full_refresh: bool = False
    verify: bool = False
    attempt: int | None = None
    window: Mapping[str, Any] | None = None
    dagster_run: str | None = None
    tally: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one run so far."""

    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_skipped: int = 0
    bytes_read: int = 0

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Figures:
        """From the child's `{rowsRead, rowsLoaded, …}`; what is missing is 0."""
        return cls(
            rows_read=int(wire.get("rowsRead") or 0),
            rows_loaded=int(wire.get("rowsLoaded") or 0),
            rows_rejected=int(wire.get("rowsRejected") or 0),
            rows_skipped=int(wire.get("rowsSkipped") or 0),
            bytes_read=int(wire.get("bytesRead") or 0),
        )

    def to_json(self) -> dict[str, int]:
        """The figures as the API names them."""
        return {
            "rowsRead": self.rows_read,
            "rowsLoaded": self.rows_loaded,
            "rowsRejected": self.rows_rejected,
            "rowsSkipped": self.rows_skipped,
            "bytesRead": self.bytes_read,
        }


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something a run said. `figures` are given where it is progress; `level` is debug, info, warning or error."""

    level: str
    message: str
    figures: Figures | None = None


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended well. `schema` is `[{name, arrowType, sourceType, sourceName}]`, `table` is `schema.table`.

    `row_count` counts the whole target table, None where it was not counted; `row_limit` is the cap that held.
    `left_out` are new columns of the source that the table did not get. `snapshot` is the state of the source that was read, in its own words, or the moment; the watermarks are the live
    ones, as the ledger keeps them. `tally` is `{rows, nulls, duplicates, columns, fault}` where it was asked for. `url` is the API's
    address of the run, None where the API listens on every address.
    """

    run_id: str
    status: str
    duration_ms: int
    row_limit: int | None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_skipped: int = 0
    bytes_read: int = 0
    limit_reached: bool = False
    already_loaded: bool = False
    table: str | None = None
    schema: Sequence[Mapping[str, Any]] = ()
    row_count: int | None = None
    receipt: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = None
    left_out: Sequence[str] = ()
    snapshot: str | None = None
    watermark_before: Any = None
    watermark_after: Any = None
    tally: Mapping[str, Any] | None = None
    url: str | None = None
