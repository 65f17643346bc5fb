"""The registry as a component of a dg project."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.definitions.repository_definition import RepositoryLoadData
from dagster._core.storage.defs_state.base import set_defs_state_storage
from dagster.components.testing.utils import create_defs_folder_sandbox
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo

import kaireon_orch as ko
from kaireon_orch.control import pinned, pipelines
from kaireon_orch.orchestration import internals
from kaireon_orch_tests.orchestration.conftest import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagster.components.core.component_tree import ComponentTree
    from dagster.components.testing.utils import DefsFolderSandbox

    from kaireon_orch_tests.orchestration.conftest import Desk

# Dagster's own loading of components from YAML warns.
pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:`parse_obj_as`::dagster"),
]

UNREACHABLE = "postgresql+psycopg://nobody@127.0.0.1:9/none"


class Shouting(ko.RegistryComponent):
    """A component as a user derives one of ours."""

    def get_asset_spec(self, pipeline: Any) -> dg.AssetSpec:
        return super().get_asset_spec(pipeline).replace_attributes(group_name="LOUD")


@contextmanager
def project(
    component: type[Any] = ko.RegistryComponent, places: tuple[str, ...] = ("registry",), **attributes: Any
) -> Iterator[tuple[DefsFolderSandbox, ComponentTree]]:
    """A project with the component at each of `places`."""
    document = {"type": f"{component.__module__}.{component.__name__}", "attributes": attributes}
    with create_defs_folder_sandbox() as sandbox:
        for place in places:
            sandbox.scaffold_component(component, place, defs_yaml_contents=document)
        with sandbox.build_component_tree() as tree:
            yield sandbox, tree


def shown(**attributes: Any) -> dg.Definitions:
    with project(**attributes) as (_, tree):
        return tree.build_defs("registry")


def keys(definitions: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_all_asset_keys() if len(key.path) == 2}


def spec_of(definitions: dg.Definitions, key: str) -> dg.AssetSpec:
    (found,) = [each for each in definitions.resolve_all_asset_specs() if each.key.to_user_string() == key]
    return found


def run_load(revision: int) -> RepositoryLoadData:
    """What a run's process loads with."""
    state = DefsStateInfo.add_version(None, internals.STATE_KEY, str(revision))
    return RepositoryLoadData(defs_state_info=state)


def test_the_tenants_pipelines_are_assets_and_its_connectors_resources(desk: Desk) -> None:
    desk.pipeline("orders", desk.csv("orders", "a\n1\n"), schedule={"kind": "interval", "minutes": 15})
    definitions = shown()
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    assert keys(definitions) == {"default/orders"}
    assert set(repository.get_top_level_resources()) == {"orders"}
    assert len(repository.schedule_defs) == 1
    assert definitions.executor is None


def test_only_pipelines_with_one_of_the_tags_are_shown(desk: Desk) -> None:
    reads = desk.csv("orders", "a\n1\n")
    for name, tags in (("one", ["sales"]), ("two", ["finance"]), ("three", [])):
        desk.pipeline(name, reads, tags=tags)
    assert keys(shown(tags=["sales", "hr"])) == {"default/one"}


def test_a_run_in_the_project_loads_its_rows(desk: Desk) -> None:
    desk.pipeline("orders", desk.csv("orders", "a\n1\n2\n"))
    job = shown().resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(asset_selection=[dg.AssetKey(["default", "orders"])])
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["kaireon/rows_loaded"].value == 2


def test_connectors_can_be_left_to_the_project(desk: Desk) -> None:
    desk.csv("orders", "a\n1\n")
    assert not shown(connectors=False).resources


def test_translation_is_by_dagsters_conventions(desk: Desk) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    translation = {"group_name": "from_{{ pipeline.source.resourceKey }}", "owners": ["team:sales"]}
    spec = spec_of(shown(translation=translation), "default/one")
    assert (spec.group_name, list(spec.owners)) == ("from_orders", ["team:sales"])


def test_a_subclass_decides_what_an_asset_looks_like(desk: Desk) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    assert spec_of(shown(component=Shouting), "default/one").group_name == "LOUD"


def test_a_key_that_nothing_could_be_started_by_is_refused_in_words(desk: Desk) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    with pytest.raises(Exception, match="building definitions") as refused:
        shown(translation={"key_prefix": "raw"})
    assert "The key of default/one must stay" in str(refused.value.__cause__)


def test_a_second_one_is_refused_in_words(desk: Desk) -> None:
    with project(places=("sales", "finance")) as (_, tree):
        tree.build_defs("sales")
        with pytest.raises(Exception, match="loading component") as refused:
            tree.build_defs("finance")
    assert "A project has one RegistryComponent" in str(refused.value.__cause__)


def test_a_run_loads_what_it_was_launched_with(desk: Desk) -> None:
    kept = desk.pipeline("orders", desk.csv("orders", "a\n1\n"), description="as launched")
    revision = pinned.revision(desk.registry)
    pipelines.change(desk.registry, OPERATOR, kept.id, {"description": "edited since"})
    load = DefinitionsLoadContext(DefinitionsLoadType.RECONSTRUCTION, run_load(revision))
    with DefinitionsLoadContext.scoped(load):
        assert spec_of(shown(), "default/orders").description == "as launched"
    assert spec_of(shown(), "default/orders").description == "edited since"


def test_every_run_carries_the_revision_and_a_told_one_is_shown(desk: Desk) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    load = DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)
    with DefinitionsLoadContext.scoped(load), project() as (_, tree):
        tree.build_defs("registry")
        state = load.accessed_defs_state_info
        assert state is not None
        assert state.get_version(internals.STATE_KEY) == str(pinned.revision(desk.registry))
        desk.pipeline("two", desk.csv("more", "a\n1\n"))
        told = DefinitionsLoadContext(
            DefinitionsLoadType.INITIALIZATION, run_load(pinned.revision(desk.registry))
        )
        with DefinitionsLoadContext.scoped(told):
            reloaded = rebuilt(tree, internals.STATE_KEY)
    assert keys(reloaded) == {"default/one", "default/two"}


def test_a_registry_out_of_reach_is_told_and_leaves_the_project_standing(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAIREON_DATABASE_URL", UNREACHABLE)
    monkeypatch.setenv("KAIREON_ENCRYPTION_KEYS", "k1:" + "A" * 43 + "=")
    assert keys(shown()) == set()
    assert "The registry is out of reach" in caplog.text


@pytest.mark.parametrize("kind", ["LOCAL_FILESYSTEM", "VERSIONED_STATE_STORAGE"])
def test_who_deploys_may_keep_the_revision(desk: Desk, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.pipeline("one", desk.csv("orders", "a\n1\n"))
    with (
        dg.DagsterInstance.local_temp() as instance,
        set_defs_state_storage(instance.defs_state_storage),
        project(defs_state={"management_type": kind}) as (sandbox, tree),
    ):
        assert keys(tree.build_defs("registry")) == set()
        assert "dg utils refresh-defs-state" in caplog.text
        component = tree.load_component("registry", ko.RegistryComponent)
        refresh(component, sandbox.project_root)
        desk.pipeline("two", desk.csv("more", "a\n1\n"))
        assert keys(rebuilt(tree, f"{internals.STATE_KEY}_registry")) == {"default/one"}
        refresh(component, sandbox.project_root)
        assert keys(rebuilt(tree, f"{internals.STATE_KEY}_registry")) == {"default/one", "default/two"}


def refresh(component: ko.RegistryComponent, root: Path) -> None:
    asyncio.run(component.refresh_state(root))


def rebuilt(tree: ComponentTree, key: str) -> dg.Definitions:
    """As a code server that is told of a change of that state; it would also describe every installed integration."""
    tree.state_tracker.invalidate_by_defs_state_key(key)
    return tree.build_defs("registry")
