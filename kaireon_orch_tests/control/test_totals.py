"""The totals that a tenant's row keeps are what counting would find, whatever comes and goes, and fails."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kaireon_orch.control import connectors, pipelines
from kaireon_orch.control.files import connector_files, reading
from kaireon_orch.errors import RequestError
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

NAMES = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.tuples(st.sampled_from(["create", "delete", "pipe", "unpipe", "break"]), NAMES)
FILE = """
connectors:
- name: from a file
  type: csv
"""


def kept(registry: Registry, tenant: str) -> tuple[int, int]:
    with registry.database.read() as session:
        found = [session.scalar(scoped.total(table, tenant)) for table in (Connector, Pipeline)]
    return found[0] or 0, found[1] or 0


def counted(registry: Registry, tenant: str) -> tuple[int, int]:
    with registry.database.read() as session:
        found = [
            session.scalar(select(func.count()).select_from(table).where(table.tenant == tenant))
            for table in (Connector, Pipeline)
        ]
    return found[0] or 0, found[1] or 0


def step(registry: Registry, caller: Caller, what: str, name: str) -> None:
    """One change, which a taken name, a missing record or a use may refuse."""
    if what == "create":
        connectors.create(registry, caller, {"name": name, "type": "csv", "config": {"path": "a.csv"}})
    elif what == "break":
        connectors.create(registry, caller, {"name": name, "type": "nothing"})
    elif what == "delete":
        connectors.delete(registry, caller, connectors.by_name(registry, caller.tenant, name).id)
    elif what == "pipe":
        source = connectors.by_name(registry, caller.tenant, name).id
        pipelines.create(registry, caller, {"name": f"load {name}", "connectorId": source})
    else:
        pipelines.delete(registry, caller, pipelines.by_name(registry, caller.tenant, f"load {name}").id)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(steps=st.lists(STEPS, max_size=12))
def test_totals_are_what_counting_finds(
    registry: Registry, admin: Caller, stranger: Caller, steps: list[tuple[str, str]]
) -> None:
    for what, name in steps:
        with contextlib.suppress(RequestError):
            step(registry, admin, what, name)
        assert kept(registry, admin.tenant) == counted(registry, admin.tenant)
    shown = connectors.list_page(registry, admin).total, pipelines.list_page(registry, admin).total
    assert shown == counted(registry, admin.tenant)
    assert kept(registry, stranger.tenant) == (0, 0)


def test_a_file_that_makes_connectors_counts_them(registry: Registry, admin: Caller, tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(FILE)
    records = reading.read(path)
    connector_files.apply(registry, admin, records, connector_files.plan(registry, admin, records))
    assert kept(registry, admin.tenant) == counted(registry, admin.tenant) == (1, 0)
