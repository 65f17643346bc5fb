"""A revision says the same for ever, whatever changes later."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from kaireon_orch.control import connectors, pinned, pipelines
from kaireon_orch.errors import NotFound
from kaireon_orch.store.tables import PipelineVersion

if TYPE_CHECKING:
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.control_runs.conftest import Maker


def names(make: Maker, revision: int) -> list[tuple[str, int | None]]:
    found = pinned.load(make.registry, revision)
    return [(each.name, each.pipeline["rowLimit"]) for each in found if each.tenant == make.caller.tenant]


def test_each_revision_keeps_what_it_was(make: Maker) -> None:
    source = make.connector()
    empty = pinned.revision(make.registry)
    made = make.pipeline("A", source)
    one = pinned.revision(make.registry)
    pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 7})
    two = pinned.revision(make.registry)
    pipelines.delete(make.registry, make.caller, made.id)
    make.pipeline("A", source, rowLimit=9)
    last = pinned.revision(make.registry)
    assert [names(make, revision) for revision in (empty, one, two, last)] == [
        [],
        [("A", None)],
        [("A", 7)],
        [("A", 9)],
    ]


def test_only_the_asset_keys_that_are_asked_for(make: Maker) -> None:
    source = make.connector()
    first, second = make.pipeline("First", source), make.pipeline("Second", source)
    revision = pinned.revision(make.registry)
    found = pinned.load(make.registry, revision, [second.asset_key, ["nobody", "nothing"]])
    assert [each.id for each in found] == [second.id]
    pipelines.delete(make.registry, make.caller, first.id)
    assert [each.id for each in pinned.load(make.registry, revision, [first.asset_key])] == [first.id]
    assert pinned.load(make.registry, revision, []) == []


def test_what_a_pinned_pipeline_says(make: Maker) -> None:
    source = make.connector("Files")
    made = make.pipeline("NYC Flights", source, tags=["daily"], schedule={"kind": "interval", "minutes": 5})
    found = pinned.by_name(make.registry, make.caller.tenant, "NYC Flights")
    assert found.id == made.id
    assert found.source == {"id": source.id, "name": "Files", "resourceKey": "files", "type": "csv"}
    assert found.target is None
    assert (found.asset_name, found.table) == ("nyc_flights", f"t_{make.caller.tenant}.nyc_flights")
    assert (found.tags, found.schedule, found.load_mode) == (
        ("daily",),
        {"kind": "interval", "minutes": 5},
        "append",
    )
    assert pinned.by_name(make.registry, make.caller.tenant, "nyc_flights") == found
    with pytest.raises(NotFound):
        pinned.by_name(make.registry, make.caller.tenant, "nothing")
    with pytest.raises(NotFound):
        pinned.by_name(make.registry, "another", "NYC Flights")


def test_a_pipeline_as_it_was_at_a_launch(make: Maker) -> None:
    made = make.pipeline("A", rowLimit=1)
    first = pinned.one(make.registry, make.caller.tenant, made.id)
    pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 2})
    second = pinned.one(make.registry, make.caller.tenant, made.id)
    assert pinned.at(make.registry, first, second.revision) == second
    assert pinned.at(make.registry, second, first.revision) == first
    assert pinned.at(make.registry, first, 0) == first


def test_a_renamed_connector_has_its_new_name_in_its_pipelines(make: Maker) -> None:
    source, lake = make.connector("Files"), make.connector("Lake", "duckdb", config={"path": "lake.duckdb"})
    made = make.pipeline("Rows", source, targetConnectorId=lake.id)
    other = make.pipeline("Other")
    before = pinned.revision(make.registry)
    connectors.change(make.registry, make.caller, source.id, {"name": "Papers", "resourceKey": "papers"})
    connectors.change(make.registry, make.caller, lake.id, {"name": "Pond"})
    now = pinned.one(make.registry, make.caller.tenant, made.id)
    assert now.source == {"id": source.id, "name": "Papers", "resourceKey": "papers", "type": "csv"}
    assert now.target == {"id": lake.id, "name": "Pond", "resourceKey": "lake", "type": "duckdb"}
    was = pinned.at(make.registry, now, before)
    assert was.target is not None
    assert (was.source["name"], was.target["name"]) == ("Files", "Lake")
    assert was.pipeline == now.pipeline
    assert pinned.one(make.registry, make.caller.tenant, other.id).revision <= before
    shown = pipelines.get(make.registry, make.caller, made.id)
    assert shown.etag == made.etag
    loaded = pinned.load(make.registry, pinned.revision(make.registry), [made.asset_key])
    assert [each.source["resourceKey"] for each in loaded] == ["papers"]
    pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 3})
    assert pinned.one(make.registry, make.caller.tenant, made.id).source["name"] == "Papers"


def test_connectors_by_identity_alone(make: Maker) -> None:
    made = make.connector("Files")
    found = pinned.connectors(make.registry, make.caller.tenant)
    assert found == [
        pinned.ConnectorIdentity(make.caller.tenant, made.id, "Files", "files", "csv", "inactive")
    ]
    assert set(found) <= set(pinned.connectors(make.registry))
    connectors.change(make.registry, make.caller, made.id, {"status": "disabled"})
    assert pinned.connectors(make.registry, make.caller.tenant)[0].status == "disabled"


def test_a_thousand_pipelines_load_in_well_under_a_second(make: Maker, registry: Registry) -> None:
    made = make.pipeline()
    with registry.database.write() as session:
        row = session.execute(
            select(PipelineVersion.__table__).where(PipelineVersion.pipeline_id == made.id)
        ).mappings()
        version = dict(row.one())
        session.execute(
            insert(PipelineVersion), [version | {"pipeline_id": f"pipe_{number}"} for number in range(1000)]
        )
    revision = pinned.revision(registry)
    seconds = []
    for _ in range(5):  # the machine may be busy with something else
        start = time.perf_counter()
        found = pinned.load(registry, revision)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3
    assert len(found) > 1000
    with registry.database.write() as session:
        session.query(PipelineVersion).where(
            PipelineVersion.pipeline_id.in_([f"pipe_{n}" for n in range(1000)])
        ).delete()
