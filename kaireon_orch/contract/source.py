"""What a type's `source.py` gives: a module with `open_source(opening) -> Source`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from kaireon_orch.contract.binds import Binds
    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.raw import RawRows
    from kaireon_orch.contract.spec import AuthModel, ConfigModel, SourceModel

C_co = TypeVar("C_co", bound="ConfigModel", covariant=True)


@dataclass(frozen=True, slots=True)
class Opening(Generic[C_co]):
    """All that a source or a target may know: its own configuration, its credentials, and the door.

    `auth` is None where the connector has no credentials stored. `folder` is private to the job, mode 0700.
    """

    config: C_co
    auth_method: str
    auth: AuthModel | None
    door: Door
    folder: str


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a probe. `ok` is None for a step that was not tried; latency in milliseconds.

    `figures` holds what the registry stamps: `rows` reachable, for file types.
    """

    name: str
    ok: bool | None
    message: str
    latency_ms: int
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stream: the source's own type in its own words, and ours in Arrow's."""

    name: str
    source_type: str
    arrow_type: pa.DataType
    nullable: bool = True
    key: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """One readable thing in a source; `row_estimate` is rows, None where the source does not say."""

    name: str
    namespace: str | None
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    row_estimate: int | None = None
    cursor_candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CursorRange:
    """Rows whose `column` is > (or ≥, `inclusive`) `after`; ordered by it and then by `order_by`.

    Rows without a cursor are not read, but counted as `rowsSkipped`. `whole_ties`: where a row limit cuts, it leaves
    out every row of the cursor value that it would have cut in two.
    """

    column: str
    after: Any | None
    inclusive: bool
    order_by: tuple[str, ...] = ()
    whole_ties: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A partition: rows with `start` ≤ `column` < `end`, in the source's own query; with `keys` those of exactly these.

    Keys are texts, each of one value of the column's type, compared by bytes where that is text. NULL is in none.
    """

    column: str
    start: Any = None
    end: Any = None
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What one run reads. `row_limit` in rows, None: no cap; it must be in the source's own query.

    `binds` are the values that the source's query asks for; only types whose capabilities say `parameters` get any.
    """

    source: SourceModel
    row_limit: int | None = None
    cursor: CursorRange | None = None
    window: Window | None = None
    batch_bytes: int = 32 * 1024 * 1024
    binds: Binds | None = None


@dataclass(slots=True)
class Reading:
    """An open read: its Arrow schema, batches of at most about `batch_bytes`, and figures that move with them.

    `column_types` are the source's own type words by column. `checkpoint` is read after the last batch and given back
    to `Source.commit` once the rows are durable. `figures` may hold `bytesRead` and `rowsSkipped`. `message` is what the
    run's result says about the read. `raw` are the same rows as bytes, where the source can give them so. `snapshot` names
    the state of the source that is read, in its own words; None where it has none.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    column_types: Mapping[str, str] = field(default_factory=dict)
    checkpoint: Any | None = None
    figures: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    raw: RawRows | None = None
    snapshot: str | None = None


@runtime_checkable
class Indexed(Protocol):
    """A source that knows by which columns it finds rows without reading all of them."""

    def indexed(self, source: SourceModel) -> frozenset[str] | None:
        """The columns that an index begins with; None where what is read has none to ask for: a query, a view.

        Raises `Fault` OBJECT_MISSING, NOT_PERMITTED, NOT_SUPPORTED.
        """
        ...


class Source(Protocol):
    """The opened end of a connector that rows come from. Every method raises `Fault`."""

    def probe(self) -> Iterator[Check]:
        """The steps of a connection test, each yielded as it passes; the first that fails raises."""
        ...

    def streams(self) -> Iterator[Stream]:
        """What can be read, with columns."""
        ...

    def read(self, request: ReadRequest) -> Reading:
        """Open one read; nothing is fetched before the first batch is asked for, the schema excepted."""
        ...

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  each source has its own
        """Tell the source that everything up to `checkpoint` is durable elsewhere."""
        ...

    def close(self) -> None:
        """Release everything; safe to call twice."""
        ...
