"""Pipelines that job authors write in code: tables of one source into one target, in the pipelines' own words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from kaireon_orch.control import pinned, pipeline_checks, pipeline_drafts, pipeline_rules
from kaireon_orch.control.connectors import by_name
from kaireon_orch.control.naming import snake
from kaireon_orch.control.pinned import PinnedPipeline
from kaireon_orch.errors import FieldError, InvalidInput
from kaireon_orch.orchestration.load_modes import Append

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.control.registry import Registry
    from kaireon_orch.orchestration.load_modes import Mode
    from kaireon_orch.store.tables import Connector


@dataclass(frozen=True, slots=True)
class Cursor:
    """The column of the watermark; `lookback` re-reads a span of it, such as `15m`, `2h`, `7d`, or a number."""

    column: str
    lookback: str | float | None = None


@dataclass(frozen=True, slots=True)
class Partition:
    """Parts of a table that are read and replaced one by one, each as a whole: windows of a column in time, or keys.

    `column` is a column of the source. Windows go from `start` on (ISO 8601, such as `2026-01-01`), one for each hour, day,
    week or month of `timezone` (an IANA name; None: UTC). With `keys`, texts that are values of the column, there are none.
    """

    column: str
    kind: Literal["hourly", "daily", "weekly", "monthly"] = "daily"
    start: str | None = None
    timezone: str | None = None
    keys: Sequence[str] | None = None

    def document(self) -> dict[str, Any]:
        """The pipeline's `partition` object."""
        told = {
            "column": self.column,
            "kind": self.kind if self.keys is None else "keys",
            "start": self.start,
            "timezone": self.timezone,
            "keys": None if self.keys is None else list(self.keys),
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Table:
    """One table of `pipeline_assets`: the fields of a pipeline, under their names in Python.

    `name` is the source's table. `source` reads something else: a `source` object, such as `{"query": …}`. `target`
    is the target's table, `schema` its schema, `row_limit` in rows (0: no cap). With a `partition` (or the API's object of one) a run of one of its
    parts reads and replaces that part alone and leaves the watermark. `options` are further fields of the pipeline object,
    as the API has them. What is wrong in any of them is told where the assets are made, as InvalidInput naming the field.
    """

    name: str
    mode: Mode = field(default_factory=Append)
    cursor: Cursor | None = None
    source: Mapping[str, Any] | None = None
    target: str | None = None
    schema: str | None = None
    columns: Mapping[str, Any] | None = None
    row_limit: int | None = None
    partition: Partition | Mapping[str, Any] | None = None
    description: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> dict[str, Any]:
        """The pipeline's `source` object."""
        return {"table": self.name} if self.source is None else dict(self.source)

    @property
    def asset_name(self) -> str:
        """The last part of its asset key."""
        return snake(self.target or self.name)

    def document(self) -> dict[str, Any]:
        """The pipeline's object, without its ends."""
        told = {
            "name": self.asset_name,
            "source": self.reads,
            "target": {"schema": self.schema, "table": self.target or self.asset_name},
            "cursorField": self.cursor and self.cursor.column,
            "lookback": self.cursor and self.cursor.lookback,
            "columns": self.columns and dict(self.columns),
            "rowLimit": self.row_limit,
            "partition": _document(self.partition),
            "description": self.description,
            **self.mode.fields(),
            **self.options,
        }
        return {name: value for name, value in told.items() if value is not None}


def _document(partition: Partition | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return partition.document() if isinstance(partition, Partition) else partition


@dataclass(frozen=True, slots=True)
class CodePipeline:
    """One table on its way: from the connector `source` into the connector `target`, None: the built-in warehouse."""

    source: str
    target: str | None
    table: Table

    @property
    def id(self) -> str:
        """By which the target's ledger and the run's row know it: the same for the same ends and names."""
        told = "\0".join((self.source, self.target or "", self.table.name, self.table.asset_name))
        return f"code_{sha256(told.encode()).hexdigest()[:24]}"

    def sketch(self, tenant: str) -> PinnedPipeline:
        """The pipeline as it is known without a registry: enough to describe its asset. Raises InvalidInput."""
        document = self.table.document() | {"connectorId": self.source, "targetConnectorId": self.target}
        draft, faults = pipeline_drafts.read(document)
        faults += pipeline_rules.mode_faults(document)
        if draft is None or faults:
            told = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
            raise InvalidInput(f"The table {self.table.name} cannot be: {told}.", faults)
        definition = draft.document() | {"id": self.id, "assetKey": [self.source, self.table.asset_name]}
        return PinnedPipeline(
            self.id,
            tenant,
            0,
            definition,
            _end(self.source),
            None if self.target is None else _end(self.target),
        )

    def pin(self, registry: Registry, tenant: str) -> PinnedPipeline:
        """The pipeline with its ends looked up, judged as the API judges one. Raises InvalidInput, NotFound."""
        document = self.table.document() | {"connectorId": by_name(registry, tenant, self.source).id}
        if self.target is not None:
            document["targetConnectorId"] = by_name(registry, tenant, self.target).id
        with registry.database.read() as session:
            settled = pipeline_checks.settle(session, registry.settings, tenant, document)
        definition = settled.definition | {"id": self.id, "assetKey": [self.source, self.table.asset_name]}
        target = None if settled.target is None else _found(settled.target)
        return PinnedPipeline(
            self.id, tenant, pinned.revision(registry), definition, _found(settled.source), target
        )


def code_pipelines(
    source: str,
    target: str | None,
    tables: Sequence[Table | str],
    partition: Partition | None = None,
) -> list[CodePipeline]:
    """A pipeline for each table; a name alone is appended. `partition` is that of tables that have none of their own.

    Raises InvalidInput where there is no table.
    """
    if not tables:
        raise InvalidInput("There is nothing to load.", [FieldError("tables", "takes at least one table")])
    listed = [Table(table) if isinstance(table, str) else table for table in tables]
    return [
        CodePipeline(source, target, replace(table, partition=table.partition or partition))
        for table in listed
    ]


def _end(resource_key: str) -> dict[str, Any]:
    return {"id": "", "name": resource_key, "resourceKey": resource_key, "type": ""}


def _found(connector: Connector) -> dict[str, Any]:
    return {
        "id": connector.id,
        "name": connector.name,
        "resourceKey": connector.resource_key,
        "type": connector.type,
    }
