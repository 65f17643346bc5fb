"""Pipelines that job authors write in code: tables of one source into one target, in the pipelines' own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

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
class Table:
    """One table of `pipeline_assets`: the fields of a pipeline, under their names in Python.

    `name` is the source's table. `source` reads something else: a `source` object, such as `{"query": …}`. `target`
    is the target's table, `schema` its schema. `options` are further fields of the pipeline object, as the API has
    them. What is wrong in any of them is told when the run starts, as InvalidInput naming the field.
    """

    name: str
    mode: Mode = field(default_factory=Append)
    cursor: Cursor | None = None
    source: Mapping[str, Any] | None = None
    target: str | None = None
    schema: str | None = None
    columns: Mapping[str, Any] | None = None
    row_limit: int | None = None
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
            "description": self.description,
            **self.mode.fields(),
            **self.options,
        }
        return {name: value for name, value in told.items() if value is not None}


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


def code_pipelines(source: str, target: str | None, tables: Sequence[Table | str]) -> list[CodePipeline]:
    """A pipeline for each table; a name alone is appended. Raises InvalidInput where there is none."""
    if not tables:
        raise InvalidInput("There is nothing to load.", [FieldError("tables", "takes at least one table")])
    listed = [Table(table) if isinstance(table, str) else table for table in tables]
    return [CodePipeline(source, target, table) for table in listed]


def _end(resource_key: str) -> dict[str, Any]:
    return {"id": "", "name": resource_key, "resourceKey": resource_key, "type": ""}


def _found(connector: Connector) -> dict[str, Any]:
    return {
        "id": connector.id,
        "name": connector.name,
        "resourceKey": connector.resource_key,
        "type": connector.type,
    }
