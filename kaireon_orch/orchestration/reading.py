"""Rows of a connector as a stream: read in the guarded child, handed over batch by batch with back-pressure."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import chain
from queue import Empty, Full, Queue
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch import catalogue
from kaireon_orch.control import sources
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import Fault, FaultCode, InvalidInput
from kaireon_orch.network.child import run_job
from kaireon_orch.orchestration.brief import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    import polars as pl

    from kaireon_orch.contract.binds import Binds
    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.network.guard import Policy

DEADLINE_SECONDS = 3600.0
FRAMES_AHEAD = 2
LOOK_UP_SECONDS = 0.2
SHOWN_CHARACTERS = 80

_NAMING = (
    "table",
    "stream",
    "topic",
    "collection",
    "index",
    "measurement",
    "label",
    "queue",
    "pattern",
    "sheet",
    "path",
)
"""The field of a `source` that says what is read, where that is one name: the first that the type has."""


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """The rows of a query; each method runs it anew, and raises what `SqlConnector.query` says."""

    open: Callable[[], pa.RecordBatchReader]
    sql: str = ""

    def __repr__(self) -> str:
        return f"Rows({shorten(self.sql, SHOWN_CHARACTERS, placeholder=' …')!r})"

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batch by batch, in constant memory."""
        with self.open() as reader:
            yield from reader

    @brief
    def arrow(self) -> pa.Table:
        """All of them as an Arrow table."""
        with self.open() as reader:
            return reader.read_all()

    @brief
    def pandas(self) -> pd.DataFrame:
        """All of them as a pandas frame, in Arrow's own types, so that integers with NULL stay integers."""
        frame: pd.DataFrame = self.arrow().to_pandas(types_mapper=_arrow_dtype)
        return frame

    @brief
    def polars(self) -> pl.DataFrame:
        """All of them as a polars frame; polars must be installed."""
        import polars as pl  # noqa: PLC0415  the job author's own package

        frame = pl.from_arrow(self.arrow())
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    @brief
    def one(self) -> dict[str, Any]:
        """The only row; Fault OBJECT_MISSING where there is none, BAD_DATA where there are more."""
        rows = self.arrow().to_pylist()
        if not rows:
            raise Fault(FaultCode.OBJECT_MISSING, "The query gave no row where one was asked for.")
        if len(rows) > 1:
            raise Fault(FaultCode.BAD_DATA, f"The query gave {len(rows)} rows where one was asked for.")
        return dict(rows[0])


def source_of(opened: OpenedConnector, source: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """The `source` object of what `read` was asked for. Raises InvalidInput, naming the field that the type does not take."""
    wanted = source_object(opened.spec, source)
    faults = sources.faults(opened.spec, opened.config, wanted) if catalogue.built(opened.type) else []
    if faults:
        words = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        raise InvalidInput(f"{opened.spec.label} cannot read that: {words}.", faults)
    return wanted


def source_object(spec: ConnectorSpec, source: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """A name put where the type has one. Raises InvalidInput for a type that has none."""
    if not isinstance(source, str):
        return dict(source or {})
    fields = spec.source.model_fields
    named = next((name for name in _NAMING if name in fields), None)
    if named is None:
        takes = ", ".join(field.alias or name for name, field in fields.items()) or "nothing"
        raise InvalidInput(f"{spec.label} reads nothing by a name; its source object takes {takes}.")
    return {named: source}


def open_reader(
    registry: Registry,
    opened: OpenedConnector,
    source: Mapping[str, Any],
    row_limit: int | None,
    binds: Binds | None = None,
) -> pa.RecordBatchReader:
    """Start the child and wait for the schema; raises `Fault` as the child does."""
    payload = {
        "connector": opened.for_child(),
        "source": sources.effective(opened.spec, opened.config, source),
        "rowLimit": row_limit,
        "binds": None if binds is None else binds.to_wire(),
    }
    frames = iter(_Feed(payload, policy_for(registry, [opened])))
    first = next(frames)
    schema = pa.ipc.open_stream(first).schema
    return pa.RecordBatchReader.from_batches(schema, _batches(chain([first], frames)))


def _batches(frames: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    for frame in frames:
        yield from pa.ipc.open_stream(frame)


class _Feed:
    """The child's frames, at most a few ahead of the reader; whoever stops reading ends the child."""

    def __init__(self, payload: Mapping[str, Any], policy: Policy) -> None:
        self._queue: Queue[bytes | BaseException | None] = Queue(FRAMES_AHEAD)
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(payload, policy), daemon=True)

    def __iter__(self) -> Iterator[bytes]:
        self._thread.start()
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item.with_traceback(None)  # the other thread's frames tell the reader nothing
                yield item
        finally:
            self._cancel.set()
            self._drain()
            self._thread.join()

    def _work(self, payload: Mapping[str, Any], policy: Policy) -> None:
        end: BaseException | None = None
        try:
            run_job(
                "read",
                payload,
                policy=policy,
                deadline=DEADLINE_SECONDS,
                cancel=self._cancel,
                on_batch=self._put,
            )
        except Exception as error:  # noqa: BLE001  raised again in the reader's own thread
            end = error
        self._put(end)

    def _put(self, item: bytes | BaseException | None) -> None:
        """Wait for room, unless the reader has gone."""
        while not self._cancel.is_set():
            try:
                self._queue.put(item, timeout=LOOK_UP_SECONDS)
            except Full:
                continue
            return

    def _drain(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            return


def _arrow_dtype(kind: pa.DataType) -> Any:  # noqa: ANN401  a pandas dtype
    import pandas as pd  # noqa: PLC0415  a second's import for those who ask for a frame

    return pd.ArrowDtype(kind)
