"""What must fit together in a pipeline: mode and fields, source and connector, target and tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.control import automation, sources, warehouse
from kaireon_orch.control.pipeline_drafts import LOAD_MODES, MAX_IDENTIFIER_BYTES
from kaireon_orch.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.spec import ConnectorSpec

REJECTS_SUFFIX = "__rejects"
KEYED_MODES = frozenset({"upsert", "scd2"})
WATERMARK = "incremental_watermark"
VERSIONS = "scd2"
CLOSE = "close"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a pipeline: a connector's type and config."""

    spec: ConnectorSpec
    config: Mapping[str, Any]
    warehouse: bool = False


def mode_faults(document: Mapping[str, Any]) -> list[FieldError]:
    """Fields that contradict the load mode; it works on what the caller sent, so it may be of any form."""
    mode = document.get("loadMode", "append")
    return list(_mode_faults(document, mode)) if isinstance(mode, str) else []


def source_faults(document: Mapping[str, Any], source: End) -> list[FieldError]:
    """What is wrong with `source` for its connector, and with a mode that its type cannot be read in."""
    given = document.get("source", {})
    faults = sources.faults(source.spec, source.config, given) if isinstance(given, dict) else []
    return [*faults, *_readable_mode(document, source.spec), *_watchable(document, source)]


def target_faults(document: Mapping[str, Any], tenant: str, target: End) -> list[FieldError]:
    """What is wrong with the target: its type, the mode that it cannot hold, a schema of another tenant."""
    if not target.spec.capabilities.target:
        fitting = ", ".join(slug for slug in catalogue.types() if catalogue.spec(slug).capabilities.target)
        words = f"{target.spec.label} cannot be loaded; types that can: {fitting}"
        return [FieldError("targetConnectorId", words)]
    return [
        *_held_mode(document, target.spec),
        *_held_features(document, target.spec),
        *_owned_schema(document, tenant, target),
        *_room_for_rejects(document),
    ]


def _mode_faults(document: Mapping[str, Any], mode: str) -> Iterator[FieldError]:
    keyed = bool(document.get("primaryKey"))
    if mode in KEYED_MODES and not keyed:
        yield FieldError("primaryKey", f"is required by {mode}")
    if mode == WATERMARK and not document.get("cursorField"):
        yield FieldError("cursorField", f"is required by {WATERMARK}")
    if document.get("lookback") is not None:
        if mode != WATERMARK:
            yield FieldError("lookback", f"belongs to {WATERMARK}")
        elif not keyed:
            yield FieldError(
                "primaryKey", "is required by lookback: without it re-read rows would come twice"
            )
    if mode == VERSIONS and document.get("partition") is not None:
        yield FieldError("partition", f"does not go with {VERSIONS}, which compares the whole source")
    if document.get("deletes", CLOSE) != CLOSE and mode != VERSIONS:
        yield FieldError("deletes", f"belongs to {VERSIONS}")


def _readable_mode(document: Mapping[str, Any], spec: ConnectorSpec) -> list[FieldError]:
    """A type that is coming soon is not read at all, so any mode passes."""
    if (
        document.get("loadMode") != WATERMARK
        or spec.capabilities.incremental
        or spec.status is not Status.READY
    ):
        return []
    words = (
        f"{spec.label} cannot be read from a cursor on: take append, truncate, or upsert with a primaryKey"
    )
    return [FieldError("loadMode", words)]


def _watchable(document: Mapping[str, Any], source: End) -> Iterator[FieldError]:
    """New files can be seen below a path of the server's alone."""
    wanted = document.get("automation")
    named = isinstance(wanted, dict) and wanted.get("kind") == automation.NEW_FILES
    if named and not automation.can_watch(source.spec, source.config):
        words = f"of kind {automation.NEW_FILES} needs files below a path; this {source.spec.label} has none"
        yield FieldError("automation", words)


def _held_mode(document: Mapping[str, Any], spec: ConnectorSpec) -> list[FieldError]:
    mode = document.get("loadMode", "append")
    if mode not in LOAD_MODES or mode in spec.load_modes:
        return []
    return [FieldError("loadMode", f"{spec.label} holds no {mode}; it holds {', '.join(spec.load_modes)}")]


def _held_features(document: Mapping[str, Any], spec: ConnectorSpec) -> Iterator[FieldError]:
    if document.get("onRowError") == "quarantine" and not spec.quarantines:
        yield FieldError("onRowError", f"{spec.label} keeps no rejected rows: set it to fail")
    if document.get("partition") is not None and not spec.partitions:
        yield FieldError("partition", f"{spec.label} cannot replace a part of a table: leave it out")


def _room_for_rejects(document: Mapping[str, Any]) -> list[FieldError]:
    """`<table>__rejects` must be a name too."""
    given = document.get("target")
    table = given.get("table") if isinstance(given, dict) else None
    longest = MAX_IDENTIFIER_BYTES - len(REJECTS_SUFFIX)
    if document.get("onRowError") != "quarantine" or not isinstance(table, str):
        return []
    if len(table.encode()) <= longest:
        return []
    words = f"may have {longest} bytes with onRowError quarantine, so that there is room for {REJECTS_SUFFIX}"
    return [FieldError("target.table", words)]


def _owned_schema(document: Mapping[str, Any], tenant: str, target: End) -> list[FieldError]:
    given = document.get("target")
    schema = given.get("schema") if isinstance(given, dict) else None
    if not target.warehouse or not isinstance(schema, str) or warehouse.owns(tenant, schema):
        return []
    own = warehouse.default_schema(tenant)
    also = "" if tenant == warehouse.DEFAULT_TENANT else f" and {own}__*"
    return [
        FieldError(
            "target.schema", f"belongs to another tenant; yours in the built-in warehouse: {own}{also}"
        )
    ]
