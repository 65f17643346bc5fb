"""How the rows of one load meet those that are there.

What is asked of the source, what the target is told, and what must hold before anything is committed.
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import (
    IS_CURRENT,
    STATE_MODE,
    VALID_TO,
    VERSION_COLUMNS,
    LoadMode,
    TableShape,
)
from kaireon_orch.contract.source import ReadRequest, Window
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.movement.modes.mode import Mode
from kaireon_orch.movement.watermark import Trail, Watermark, followed, mark_of, resumed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kaireon_orch.contract.load import TargetColumn, WritePlan
    from kaireon_orch.contract.source import Source
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.contract.target import Look, Target
    from kaireon_orch.movement.watermark import Lookback

REPLACING: Final = Mode(replaces=True, guards_empty=True, resumes=True)
"""A full refresh of rows that have no key: beside the old ones they would be there twice."""


@dataclass(frozen=True, slots=True)
class RowTerms:
    """What a pipeline says about rows that meet: names are those after renaming."""

    mode: str
    key: tuple[str, ...] = ()
    cursor: str | None = None
    lookback: Lookback = None
    full_refresh: bool = False
    keep_vanished: bool = False
    window: Window | None = None
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def source_name(self, name: str) -> str:
        return next((old for old, new in self.renamed.items() if new == name), name)


@dataclass(slots=True)
class Meeting:
    """One load's terms, with the mode that holds and the mark to read on from, or the trail that it leaves.

    A partition's window is read whole and leaves the live mark where it is: `carried`.
    """

    terms: RowTerms
    mode: Mode
    row_limit: int | None
    at: datetime
    watermark: Watermark | None = None
    trail: Trail | None = None
    carried: Any = None
    read: int = 0

    @property
    def earlier(self) -> Any:  # noqa: ANN401  as the ledger keeps it
        """The live mark before this load; None where there is none."""
        if self.watermark is not None:
            return self.watermark.earlier
        return self.trail.earlier if self.trail is not None else mark_of(self.carried)

    def request(self, source: SourceModel) -> ReadRequest:
        """What is asked of the source."""
        window = self.terms.window
        if window is not None:
            window = dataclasses.replace(window, column=self.terms.source_name(window.column))
        cursor = None if self.watermark is None else self.watermark.range()
        return ReadRequest(source, self.row_limit, cursor, window)

    def shape(self, shape: TableShape | None, target: Target) -> TableShape | None:
        """The table as the source's columns meet it: without the columns of versions.

        Raises `Fault` TARGET_REFUSED for a table that does not have them as `target` makes them.
        """
        if self.terms.mode != LoadMode.SCD2 or shape is None:
            return shape
        for name in VERSION_COLUMNS:
            _demand_version_column(name, shape.column(name), target)
        return TableShape(tuple(column for column in shape.columns if column.name not in VERSION_COLUMNS))

    def plan(self, plan: WritePlan) -> WritePlan:
        """The plan with what this load adds to it. Raises `Fault` OBJECT_MISSING, NOT_SUPPORTED."""
        key = self.terms.key if self.keyed else ()
        cursor = self.terms.cursor if self.keyed or self.mode.resumes else None
        wanted = [("primaryKey", name) for name in key] + [("cursorField", name) for name in [cursor] if name]
        _demand(wanted, plan.schema.names)
        if self.terms.mode == LoadMode.SCD2:
            _demand_free(plan.schema.names)
        return dataclasses.replace(
            plan,
            mode=LoadMode(self.terms.mode),
            key=key,
            cursor=cursor,
            window=self.terms.window,
            at=self.at,
            keep_vanished=self.terms.keep_vanished,
        )

    def met(self, batch: pa.RecordBatch, before: int) -> None:
        """Judge a batch of the source, and note how far it came. Raises `Fault` ROW_REFUSED for a key that is NULL."""
        for name in self.terms.key if self.keyed else ():
            column = batch.column(self.terms.source_name(name))
            if column.null_count:
                at = pc.index(column.is_null(), value=True).as_py()
                raise Fault(
                    FaultCode.ROW_REFUSED,
                    f"Column {name!r}, row {before + at + 1}: NULL in the primary key; {self.terms.mode} finds rows by it.",
                )
        self.read = before + batch.num_rows
        for follower in (self.watermark, self.trail):
            if follower is not None:
                follower.passed(batch)

    @property
    def follows(self) -> bool:
        """Whether values of the rows must be seen on their way, to know how far the source was read."""
        return self.watermark is not None or self.trail is not None

    @property
    def keyed(self) -> bool:
        """Whether rows are found by their key."""
        return self.mode.keyed or (self.mode.resumes and bool(self.terms.key))

    @property
    def windowed(self) -> bool:
        """A window of a pipeline that otherwise goes on from its mark."""
        return self.mode.resumes and self.terms.window is not None

    def checkpoint(self, of_source: Any) -> Any:  # noqa: ANN401  each source has its own
        """What the ledger keeps."""
        if self.windowed:
            return self.carried
        if self.watermark is not None:
            return self.watermark.checkpoint()
        if self.trail is None or of_source is not None:
            return of_source
        uncut = self.row_limit is None or self.read < self.row_limit
        return self.trail.checkpoint(whole=uncut and self.terms.window is None)

    def demand_whole(self, read: int, source: Source, model: SourceModel) -> None:
        """Refuse a load that a cap has cut where it must not. Raises `Fault` LIMIT_REACHED."""
        if self.row_limit is None:
            return
        replaced = self.terms.mode if self.mode.needs_all else "the partition" if self.terms.window else None
        if replaced is not None and read >= self.row_limit:
            raise Fault(
                FaultCode.LIMIT_REACHED,
                f"The row limit of {self.row_limit} was reached, and {replaced} would take the rest for deleted: "
                "raise rowLimit, or set it to 0.",
            )
        if self.watermark is not None and self._stuck(read, source, model):
            raise Fault(
                FaultCode.LIMIT_REACHED,
                f"More than {self.row_limit} rows share one value of {self.terms.cursor!r}, so that reading cannot go on "
                "within rowLimit: raise it.",
            )

    def _stuck(self, read: int, source: Source, model: SourceModel) -> bool:
        """Whether rows wait that this read, cut by its limit, and every later one would not come to."""
        mark, limit = self.watermark, self.row_limit
        if mark is None or limit is None:
            return False
        if mark.keyed:
            return read >= limit and mark.stands and _count(source, self._peek(model, limit + 1)) > limit
        return read == 0 and _count(source, self._peek(model, 1)) > 0

    def _peek(self, model: SourceModel, rows: int) -> ReadRequest:
        asked = self.request(model)
        cursor = None if asked.cursor is None else dataclasses.replace(asked.cursor, whole_ties=False)
        return dataclasses.replace(asked, row_limit=rows, cursor=cursor)


def meeting(
    terms: RowTerms, mode: Mode, row_limit: int | None, load: Look, pipeline_id: str, shape: TableShape | None
) -> Meeting:
    """How this load meets the table. Asks the ledger where the pipeline stands. Raises `Fault` NOT_SUPPORTED."""
    _demand_terms(terms, mode)
    if terms.full_refresh and mode.resumes and not terms.key:
        mode = REPLACING
    found = Meeting(terms, mode, row_limit, datetime.now(UTC))
    if terms.cursor is None and not mode.needs_all:
        return found
    entry = load.last_entry(pipeline_id)
    if terms.cursor is None:
        return found
    gone = (
        shape is None and entry is not None and entry.mode != STATE_MODE
    )  # what was loaded is not there any more
    kept = None if gone else entry
    if found.windowed:
        found.carried = None if kept is None else kept.checkpoint
    elif mode.resumes:
        kept = None if terms.full_refresh else kept
        found.watermark = resumed(terms.cursor, terms.key, terms.renamed, terms.lookback, kept)
    else:
        found.trail = followed(terms.cursor, terms.renamed, kept, replaces=mode.replaces)
    return found


def _demand_terms(terms: RowTerms, mode: Mode) -> None:
    if mode.keyed and not terms.key:
        raise Fault(FaultCode.NOT_SUPPORTED, f"primaryKey is required by {terms.mode}.")
    if mode.resumes and terms.cursor is None:
        raise Fault(FaultCode.NOT_SUPPORTED, f"cursorField is required by {terms.mode}.")
    if mode.needs_all and terms.window is not None:
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"{terms.mode} compares the whole source, so it takes no partition."
        )


def _demand_version_column(name: str, column: TargetColumn | None, target: Target) -> None:
    if column is None:
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"The table has no column {name!r}, so it keeps no versions: let scd2 load into a table of its own.",
        )
    made = target.stored(pa.field(name, pa.bool_() if name == IS_CURRENT else pa.timestamp("us", "UTC")))
    if not _keeps(column.field, made) or (name == VALID_TO and not column.field.nullable):
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"The table's column {name!r} is {column.native}, and scd2 writes {target.native(made)}"
            f"{', NULL among them,' if name == VALID_TO else ''} there: let it load into a table of its own.",
        )


def _keeps(column: pa.Field, made: pa.Field) -> bool:
    """Whether a column is of the kind that the target would have made: moments with their zone, or truths."""
    if pa.types.is_timestamp(made.type):
        return bool(pa.types.is_timestamp(column.type) and (column.type.tz is None) == (made.type.tz is None))
    return bool(column.type == made.type)


def _demand(wanted: Iterable[tuple[str, str]], names: Sequence[str]) -> None:
    for part, name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise Fault(FaultCode.OBJECT_MISSING, f"{part} names {name!r}, which is not loaded{hint}")


def _demand_free(names: Sequence[str]) -> None:
    taken = [name for name in VERSION_COLUMNS if name in names]
    if taken:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"scd2 makes the column {taken[0]!r} itself; rename the source's with columns.rename.",
        )


def _count(source: Source, request: ReadRequest) -> int:
    return sum(batch.num_rows for batch in source.read(request).batches)
