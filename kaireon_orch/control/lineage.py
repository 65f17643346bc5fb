"""Which pipeline reads what another one writes, so that it stands below it and may follow it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from kaireon_orch import catalogue
from kaireon_orch.control import sources, warehouse
from kaireon_orch.control.pinned import Upstream
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.registry import Registry

PLACE = ("host", "port", "database", "path")
"""Config fields that say which system a connector leads to; two users of one database are the same system."""

SEARCHED = {"duckdb": "main"}
"""The schema of a source's bare table name, where it is not the one that loads go to."""


class Written(NamedTuple):
    """A table of a system; in a folder of files the schema says nothing."""

    system: tuple[Any, ...]
    schema: str | None
    table: str


class Writer(NamedTuple):
    """A pipeline as one that others may read from."""

    id: str
    upstream: Upstream
    connector_id: str
    target: Mapping[str, Any]


def joined(registry: Registry, pipelines: Sequence[PinnedPipeline], *, whole: bool) -> list[PinnedPipeline]:
    """The pipelines, each with those in `reads` whose table it reads; `whole`: they are all that there are.

    What would make a circle is left out: each of its pipelines then reads a table like any other.
    """
    with registry.database.read() as session:
        writers = list(_of_pipelines(pipelines) if whole else _of_rows(session, pipelines))
        systems = _systems(session, {writer.connector_id for writer in writers})
    return _without_circles(_read(pipelines, _by_table(writers, systems), systems))


class _System(NamedTuple):
    identity: tuple[Any, ...]
    type: str
    config: Mapping[str, Any]


def _of_pipelines(pipelines: Iterable[PinnedPipeline]) -> Iterator[Writer]:
    for each in pipelines:
        if each.target is not None:
            upstream = Upstream(each.asset_key, each.pipeline.get("partition") is not None)
            yield Writer(each.id, upstream, each.target["id"], each.pipeline["target"])


def _of_rows(session: Session, pipelines: Iterable[PinnedPipeline]) -> Iterator[Writer]:
    """Those that write into anything, of the tenants at hand: a run's process knows but its own pipelines."""
    columns = (Pipeline.id, Pipeline.tenant, Pipeline.asset_name, Pipeline.target_connector_id)
    target, partition = Pipeline.definition["target"], Pipeline.definition["partition"]
    tenants = {each.tenant for each in pipelines}
    statement = select(*columns, target.label("target"), partition.label("partition"))
    statement = statement.where(Pipeline.tenant.in_(tenants), Pipeline.target_connector_id.is_not(None))
    for row in session.execute(statement):
        upstream = Upstream((row.tenant, row.asset_name), row.partition is not None)
        yield Writer(row.id, upstream, row.target_connector_id, row.target)


def _systems(session: Session, targets: set[str]) -> dict[str, _System]:
    """The systems that pipelines write into, by each connector that leads to one."""
    columns = (Connector.id, Connector.tenant, Connector.type, Connector.config)
    types = select(Connector.type).where(Connector.id.in_(targets)).distinct()
    found = session.execute(select(*columns).where(Connector.type.in_(types))) if targets else ()
    return {row.id: _System(_identity(row), row.type, row.config) for row in found}


def _identity(row: Any) -> tuple[Any, ...]:  # noqa: ANN401  a row of `_systems`
    place = tuple(row.config.get(name) for name in PLACE)
    return (row.tenant, row.type, *(place if any(place) else (row.id,)))


def _by_table(
    writers: Iterable[Writer], systems: Mapping[str, _System]
) -> dict[Written, list[tuple[str, Upstream]]]:
    found: dict[Written, list[tuple[str, Upstream]]] = defaultdict(list)
    for writer in writers:
        system = systems.get(writer.connector_id)
        if system is not None:
            schema = None if _in_files(system) else writer.target["schema"]
            table = Written(system.identity, schema, writer.target["table"])
            found[table].append((writer.id, writer.upstream))
    return found


def _read(
    pipelines: Iterable[PinnedPipeline],
    writers: Mapping[Written, Sequence[tuple[str, Upstream]]],
    systems: Mapping[str, _System],
) -> list[PinnedPipeline]:
    return [
        replace(
            each,
            reads=tuple(
                upstream
                for writer, upstream in writers.get(_table_read(each, systems), ())  # type: ignore[arg-type]  # None is no key
                if writer != each.id
            ),
        )
        for each in pipelines
    ]


def _table_read(pipeline: PinnedPipeline, systems: Mapping[str, _System]) -> Written | None:
    system = systems.get(pipeline.source["id"])
    if system is None:
        return None
    source = sources.effective(
        catalogue.spec(system.type), system.config, pipeline.pipeline.get("source") or {}
    )
    if _in_files(system):
        parts = PurePosixPath(str(source.get("pattern") or "")).parts
        return Written(system.identity, None, parts[0]) if len(parts) > 1 else None
    if not source.get("table"):
        return None
    *schemas, table = name_parts(str(source["table"]))
    searched = SEARCHED.get(system.type) or warehouse.own_schema(system.type, system.config)
    return Written(system.identity, schemas[-1] if schemas else searched, table)


def _in_files(system: _System) -> bool:
    return bool(catalogue.spec(system.type).capabilities.formats)


def name_parts(name: str) -> list[str]:
    """The dot-separated parts of a table's name; double quotes hold a part with dots, quotes doubled."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return [quoted.replace('""', '"') or plain for quoted, plain in found] or [name]


def _without_circles(pipelines: Sequence[PinnedPipeline]) -> list[PinnedPipeline]:
    kept = {each.asset_key: each for each in pipelines}
    while True:
        graph = {key: [up.asset_key for up in each.reads] for key, each in kept.items() if each.reads}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = set(error.args[1])
        else:
            return list(kept.values())
        for key in circle & kept.keys():
            outside = tuple(up for up in kept[key].reads if up.asset_key not in circle)
            kept[key] = replace(kept[key], reads=outside)
