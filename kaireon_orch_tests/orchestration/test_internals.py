"""The contract with what Dagster does not document: fails when a new version moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dagster import Definitions
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.definitions.repository_definition import RepositoryLoadData
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo

from kaireon_orch.errors import Unavailable
from kaireon_orch.orchestration import internals

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pinned_load() -> Iterator[DefinitionsLoadContext]:
    """What a run's process loads with: the state of the run's own plan snapshot."""
    state = DefsStateInfo.add_version(None, internals.STATE_KEY, "42")
    context = DefinitionsLoadContext(
        DefinitionsLoadType.RECONSTRUCTION, RepositoryLoadData(defs_state_info=state)
    )
    with DefinitionsLoadContext.scoped(context):
        yield context


@pytest.fixture
def first_load() -> Iterator[DefinitionsLoadContext]:
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)) as context:
        yield context


def test_a_run_is_told_the_revision_that_it_was_launched_with(pinned_load: DefinitionsLoadContext) -> None:
    assert internals.pinned_revision() == 42
    assert internals.reconstructing()


def test_a_code_server_is_told_none_and_pins_its_own(first_load: DefinitionsLoadContext) -> None:
    assert internals.pinned_revision() is None
    assert not internals.reconstructing()
    internals.pin_revision(7)
    state = first_load.accessed_defs_state_info
    assert state is not None
    kept = state.info_mapping[internals.STATE_KEY]
    assert kept is not None
    assert kept.version == "7"


def test_the_tree_gives_new_definitions_without_describing_components() -> None:
    built = Definitions()
    tree = internals.RegistryTree.of(lambda: built)
    repository = Definitions(component_tree=tree).get_repository_def()
    kept = repository.get_component_tree()  # type: ignore[no-untyped-call]
    assert kept is tree
    assert tree.reload_with_state({internals.STATE_KEY}) is built
    assert not tree


def test_the_same_revision_is_the_same_state() -> None:
    assert internals.reload_state(7) == internals.reload_state(7) != internals.reload_state(8)


def test_a_code_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        internals.CodeServer("127.0.0.1:9").reload(1, timeout=2)
