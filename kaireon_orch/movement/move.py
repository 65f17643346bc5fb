"""The one loop: read, change columns, fit to the table, write, commit rows and ledger together."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.contract.load import LEDGER_TABLE, LedgerEntry, LoadMode, SchemaPolicy, TableName
from kaireon_orch.contract.raw import RawTaking
from kaireon_orch.contract.target import Quarantining
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.movement import columns, meeting, modes, partition, proving
from kaireon_orch.movement.carriage import ArrowCarriage, Carriage, RawCarriage
from kaireon_orch.movement.judging import Judge, Sorting, Strict
from kaireon_orch.movement.meeting import RowTerms
from kaireon_orch.movement.passthrough import Passage, passage
from kaireon_orch.movement.plan import Action, Terms, meet, settled
from kaireon_orch.movement.pump import canceled, pumped
from kaireon_orch.movement.rejects import RejectSpool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from kaireon_orch.contract.load import Committed, TableShape, WritePlan
    from kaireon_orch.contract.source import Reading, Source
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.contract.target import Load, Look, Target
    from kaireon_orch.families.witness import RowWitness
    from kaireon_orch.movement.columns import ColumnPlan
    from kaireon_orch.movement.meeting import Meeting
    from kaireon_orch.movement.modes.mode import Mode
    from kaireon_orch.movement.plan import Met

PROGRESS_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is to do. `row_limit` in rows, None: no cap; `hash_key` is the tenant's, for `columns.hash`.

    `meets` says how rows meet those that are there. With `quarantine` rows that cannot be loaded go to `<table>__rejects`; they wait in `folder` on their way.
    With `verify` the load is committed only once the target has shown that it holds what was given to it.
    """

    load_id: str
    pipeline_id: str
    table: TableName
    mode: str
    source: SourceModel
    columns: Mapping[str, Any] = field(default_factory=dict)
    policy: SchemaPolicy = SchemaPolicy.EVOLVE
    allow_empty: bool = False
    row_limit: int | None = None
    hash_key: bytes | None = None
    meets: RowTerms = field(default_factory=lambda: RowTerms(LoadMode.APPEND))
    quarantine: bool = False
    folder: str | None = None
    verify: bool = False


@dataclass(slots=True)
class Watch:
    """How the loop speaks with whoever started it: asks whether to stop, tells figures at most twice a second.

    Any thread may tell.
    """

    cancelled: Callable[[], bool]
    emit: Callable[[dict[str, Any]], None]
    _told_at: float = 0.0
    _told: Mapping[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, figures: Mapping[str, int]) -> None:
        """Tell figures that moved, where the last were told long enough ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._told_at < PROGRESS_SECONDS or figures == self._told:
                return
            self._told_at, self._told = now, dict(figures)
            self.emit({"progress": dict(figures)})

    @contextmanager
    def telling(self, figures: Callable[[], Mapping[str, int]]) -> Iterator[None]:
        """Tell what `figures` gives while the block runs, in a thread of its own: one batch may take long."""
        over = threading.Event()
        teller = threading.Thread(
            target=self._tell_until, args=(over, figures), name="kaireon-figures", daemon=True
        )
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()

    def _tell_until(self, over: threading.Event, figures: Callable[[], Mapping[str, int]]) -> None:
        while not over.wait(PROGRESS_SECONDS):
            self.tell(figures())


@dataclass(frozen=True, slots=True)
class Moved:
    """What a load did. `schema` is of the written columns; `source_types` are the source's words by written column.

    `source_names` are the source's columns by written column; `left_out` are new ones that the table did not get.
    `snapshot` names the state of the source that was read, or the moment in UTC at which reading began; `earlier` is the
    live watermark before the load.
    """

    entry: LedgerEntry
    rows_read: int
    bytes_read: int
    rows_skipped: int = 0
    rows_rejected: int = 0
    limit_reached: bool = False
    already_loaded: bool = False
    row_count: int | None = None
    message: str | None = None
    schema: pa.Schema | None = None
    source_types: Mapping[str, str] = field(default_factory=dict)
    source_names: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    snapshot: str | None = None
    earlier: Any = None
    proven: Mapping[str, Any] | None = None


def move(source: Source, target: Target, order: Order, watch: Watch) -> Moved:
    """Load once, all or nothing. Raises `Fault`; the target is then as it was."""
    _refuse_ledger_name(order.table)
    target.clean_up(order.table)
    load = target.begin(order.table, watch.cancelled)
    try:
        earlier = load.ledger_entry(order.load_id)
        if earlier is not None:
            return _already(earlier)
        return _load(source, target, load, order, watch)
    finally:
        load.abort()


def _refuse_ledger_name(table: TableName) -> None:
    if table.name.lower() == LEDGER_TABLE:
        raise Fault(FaultCode.TARGET_REFUSED, f"{LEDGER_TABLE} is the ledger's name; choose another table.")


def _already(entry: LedgerEntry) -> Moved:
    figures = entry.figures
    return Moved(
        entry,
        rows_read=figures.get("rowsRead", entry.rows),
        bytes_read=figures.get("bytesRead", 0),
        rows_skipped=figures.get("rowsSkipped", 0),
        rows_rejected=figures.get("rowsRejected", 0),
        already_loaded=True,
        message="The rows of this run were loaded before; nothing was loaded again.",
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """What a load is about to do, known before a row is read. `shape` is the table's; `met` are the columns of both.

    With a `passage` rows go as the source's own bytes.
    """

    reading: Reading
    shaped: ColumnPlan
    meets: Meeting
    shape: TableShape | None
    terms: Terms
    met: tuple[Met, ...]
    columns: Mapping[str, Any]
    passage: Passage | None = None

    def settled(self) -> tuple[WritePlan, str | None]:
        """The plan, and a word on it. Raises the `Fault` with which a run would be refused."""
        plan, word = settled(self.met, self.shape, self.terms, replace=self.meets.mode.replaces)
        plan = self._windowed(self.meets.plan(plan))
        return plan if self.passage is None else replace(plan, raw=self.passage.words), word

    def _windowed(self, plan: WritePlan) -> WritePlan:
        """The plan, its window by the table's own values."""
        if plan.window is None:
            return plan
        window = partition.of_table(plan.window, self.reading.schema, self.shaped, plan.schema, self.columns)
        return replace(plan, window=window)


def drafted(source: Source, target: Target, look: Look, order: Order) -> Draft:
    """Draft a load of the pipeline: a run and its plan are told apart by what comes after."""
    shape = look.describe()  # before the source is opened: both may be the same DuckDB file
    mode = modes.mode_named(order.mode)
    meets = meeting.meeting(order.meets, mode, order.row_limit, look, order.pipeline_id, shape)
    reading = source.read(meets.request(order.source))
    shaped = columns.plan(order.columns, reading.schema, order.hash_key)
    terms = Terms(order.policy, shaped.loose, by_value=order.quarantine)
    shape = meets.shape(shape, target)
    met = tuple(meet(shaped.schema, shape, terms, target))
    if order.quarantine or order.verify or meets.follows:
        return Draft(reading, shaped, meets, shape, terms, met, order.columns)
    passed = passage(reading.raw, shaped, met, look, order.policy)
    kept = met if passed is None else passed.met
    return Draft(reading, shaped, meets, shape, terms, kept, order.columns, passed)


def _load(source: Source, target: Target, load: Load, order: Order, watch: Watch) -> Moved:
    draft = drafted(source, target, load, order)
    plan, word = draft.settled()
    meets, mode = draft.meets, draft.meets.mode
    with closing(RejectSpool(order.load_id, order.folder)) as spool, _witness(load, plan, order) as witness:
        carriage = _carriage(draft, load, plan, order, spool, witness)
        flow = _Flow(draft, plan, order, spool, carriage, witness)
        with watch.telling(flow.figures):
            _write(load, flow, order, mode, watch)
        meets.demand_whole(flow.read, source, order.source)
        if flow.rows == 0 and mode.guards_empty and not order.allow_empty:
            return _left_as_it_was(load, flow, order)
        if watch.cancelled():
            raise canceled()
        watch.emit({"committing": True})
        committed = _committed(load, flow, order)
    source.commit(draft.reading.checkpoint)
    return flow.moved(committed.entry, committed, _words(word, flow))


def _witness(load: Load, plan: WritePlan, order: Order) -> AbstractContextManager[RowWitness | None]:
    return proving.witnessed(load, plan, order.folder) if order.verify else nullcontext()


def _carriage(
    draft: Draft, load: Load, plan: WritePlan, order: Order, spool: RejectSpool, witness: RowWitness | None
) -> Carriage:
    raw, passed = draft.reading.raw, draft.passage
    if raw is not None and passed is not None and isinstance(load, RawTaking):
        return RawCarriage(raw, passed.columns, load)
    judge = _judge(order, load, draft.shaped, plan, spool)
    return ArrowCarriage(draft.reading, judge, draft.meets, load, witness=witness)


def _words(word: str | None, flow: _Flow) -> str | None:
    skipped = flow.figures()["rowsSkipped"]
    told = f"{skipped} row(s) have no {flow.meets.terms.cursor} and were not read." if skipped else None
    return " ".join(part for part in (word, told, flow.reading.message) if part) or None


def _judge(order: Order, load: Load, shaped: ColumnPlan, plan: WritePlan, spool: RejectSpool) -> Judge:
    if not order.quarantine:
        return Strict(shaped, plan.schema)
    if not isinstance(load, Quarantining):
        raise Fault(FaultCode.NOT_SUPPORTED, "This target keeps no rejected rows: set onRowError to fail.")
    return Sorting(shaped, plan.schema, load, spool)


def _left_as_it_was(load: Load, flow: _Flow, order: Order) -> Moved:
    """The guard of modes that replace rows: of a load without rows only the rejected ones are kept.

    Raises `Fault` EMPTY_SOURCE where there are none of those either.
    """
    if not flow.spool.rows:
        raise Fault(
            FaultCode.EMPTY_SOURCE,
            f"The source has no rows; the table was left as it was. {order.mode} empties it with allowEmpty.",
        )
    committed = _committed(load, flow, order)
    return flow.moved(committed.entry, None, "Every row was rejected; the table was left as it was.")


def _committed(load: Load, flow: _Flow, order: Order) -> Committed:
    if flow.spool.rows and isinstance(load, Quarantining):
        load.quarantine(flow.spool)
    return load.commit(_entry(order, flow))


def _write(load: Load, flow: _Flow, order: Order, mode: Mode, watch: Watch) -> None:
    """Write every part. The target is prepared with the first: a source that fails or is empty does not touch it."""
    carriage, prepared = flow.carriage, False
    with closing(pumped(carriage.parts(), watch.cancelled, carriage.queue_bytes)) as parts:
        for part in parts:
            if not prepared:
                load.prepare(flow.plan)
                prepared = True
            carriage.write(part)
            watch.tell(flow.figures())
    if prepared:
        carriage.end()
    elif not mode.guards_empty or order.allow_empty:
        load.prepare(flow.plan)


def _entry(order: Order, flow: _Flow) -> LedgerEntry:
    return LedgerEntry(
        load_id=order.load_id,
        pipeline_id=order.pipeline_id,
        table=str(order.table),
        mode=order.mode,
        rows=flow.rows,
        checkpoint=flow.meets.checkpoint(flow.reading.checkpoint),
        figures=flow.figures(),
    )


@dataclass(slots=True)
class _Flow:
    """The rows of one load on their way, and their figures."""

    draft: Draft
    plan: WritePlan
    order: Order
    spool: RejectSpool
    carriage: Carriage
    witness: RowWitness | None = None

    @property
    def read(self) -> int:
        return self.carriage.read

    @property
    def rows(self) -> int:
        return self.carriage.rows

    @property
    def reading(self) -> Reading:
        return self.draft.reading

    @property
    def meets(self) -> Meeting:
        return self.draft.meets

    def figures(self) -> dict[str, int]:
        return {
            "rowsRead": self.read,
            "rowsLoaded": self.rows,
            "bytesRead": self.reading.figures.get("bytesRead", self.carriage.bytes),
            "rowsSkipped": self.reading.figures.get("rowsSkipped", 0),
            "rowsRejected": self.spool.rows,
        }

    def moved(self, entry: LedgerEntry, committed: Committed | None, message: str | None) -> Moved:
        figures = self.figures()
        return Moved(
            entry,
            rows_read=figures["rowsRead"],
            bytes_read=figures["bytesRead"],
            rows_skipped=figures["rowsSkipped"],
            rows_rejected=figures["rowsRejected"],
            limit_reached=self.order.row_limit is not None and self.read >= self.order.row_limit,
            row_count=None if committed is None else committed.row_count,
            message=message,
            proven=None if self.witness is None else self.witness.receipt(),
            already_loaded=committed is not None and committed.already,
            schema=self.plan.schema,
            source_types={
                step.field.name: self.reading.column_types.get(step.source, "")
                for step in self.draft.shaped.steps
            },
            source_names={step.field.name: step.source for step in self.draft.shaped.steps},
            left_out=tuple(
                str(each.given.name) for each in self.draft.met if each.action is Action.LEAVE_OUT
            ),
            snapshot=self.reading.snapshot or self.meets.at.isoformat(timespec="milliseconds"),
            earlier=self.meets.earlier,
        )
