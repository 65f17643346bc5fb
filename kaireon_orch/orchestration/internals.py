"""Everything of Dagster that is used though it is not its documented API; `test_internals` is its contract test.

Pinned by `dagster~=1.13.27`. Each use names what stands in for it should a version change it.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._cli.api import _execute_run_command_body
from dagster._config.pythonic_config.resource import ConfigurableResourceFactoryResourceDefinition
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.execution import compute_logs
from dagster._core.storage.db_io_manager import DbIOManager
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from dagster._grpc.client import DagsterGrpcClient
from dagster._serdes import deserialize_value, serialize_value
from dagster._utils.interrupts import capture_interrupts
from dagster.components.core.component_tree import ComponentTree
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo

import kaireon_orch.orchestration
from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dagster import (
        ConfigurableResource,
        DagsterInstance,
        Definitions,
        InitResourceContext,
    )
    from dagster.components.core.component_tree import TComponent

__all__ = [
    "STATE_KEY",
    "CodeServer",
    "DbIOManager",
    "RegistryTree",
    "blank_definition",
    "execute_run",
    "interrupts_captured",
    "mirror_no_output",
    "pin_revision",
    "pinned_revision",
    "read_schema_once",
    "reconstructing",
    "reload_state",
]

STATE_KEY = "kaireon"


def pinned_revision() -> int | None:
    """The registry's revision that this load must use: a run's own, or the one a reload names; None: the newest.

    Stands in: the newest revision, which differs only for a pipeline edited between launch and start.
    """
    info = DefinitionsLoadContext.get().get_defs_key_state_info(STATE_KEY)
    return int(info.version) if info is not None else None


def pin_revision(revision: int) -> None:
    """Have every run of the definitions being loaded carry `revision`; stands in: nothing to pin."""
    DefinitionsLoadContext.get().add_defs_state_info(STATE_KEY, str(revision))


def reconstructing() -> bool:
    """Whether a run's process loads the definitions, rather than the code server."""
    return DefinitionsLoadContext.get().load_type is DefinitionsLoadType.RECONSTRUCTION


def execute_run(run_id: str, instance: DagsterInstance) -> None:
    """What `dagster api execute_run` does in its process; stands in: that command."""
    _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)


interrupts_captured = capture_interrupts
"""Signals end the run in order, at its next step; stands in: Python's own KeyboardInterrupt."""


def blank_definition(
    of: type[ConfigurableResource[Any]], resource_fn: Callable[[InitResourceContext], Any]
) -> ConfigurableResourceFactoryResourceDefinition:
    """A definition that shows no field of the resource; stands in: the fields, which hold no secret either."""
    return ConfigurableResourceFactoryResourceDefinition(
        of,
        resource_fn=resource_fn,
        config_schema={},
        description=of.__doc__,
        nested_resources={},
        nested_partial_resources={},
    )


def pool_limits(instance: DagsterInstance) -> dict[str, int]:
    """How many steps of a pool may run at a time; stands in: `dagster instance concurrency get --all`."""
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


def set_pool_limit(instance: DagsterInstance, pool: str, limit: int | None) -> None:
    """Set a pool's limit, None: drop it; stands in: `dagster instance concurrency set`."""
    if limit is None:
        instance.event_log_storage.delete_concurrency_limit(pool)
    else:
        instance.event_log_storage.set_concurrency_slots(pool, limit)


def read_schema_once() -> None:
    """Have this process and its forks read the revisions of Dagster's schema once; stands in: at each opening of a storage.

    Reading them executes some eighty small modules.
    """
    read = ScriptDirectory.from_config

    @cache
    def at(place: str) -> ScriptDirectory:
        config = Config()
        config.set_main_option("script_location", place)
        return read(config)

    def kept(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        return at(place) if place == ALEMBIC_SCRIPTS_LOCATION else read(config)

    ScriptDirectory.from_config = kept  # type: ignore[method-assign]  # a function stands for a class method
    at(ALEMBIC_SCRIPTS_LOCATION).as_revision_number("head")


def mirror_no_output() -> None:
    """Keep what a step prints in Dagster's own logs alone, not in this process's output too; stands in: both.

    Dagster starts four processes a step for the second, two of them interpreters.
    """

    @contextmanager
    def nothing(path: str, stream: object) -> Iterator[tuple[None, None]]:  # noqa: ARG001  Dagster's signature
        yield None, None

    compute_logs.execute_posix_tail = nothing


class RegistryTree(ComponentTree):
    """What the code server asks for new definitions at a reload within its process.

    False in a boolean context: for a true one Dagster imports every installed integration to describe components.
    """

    build: Callable[[], Definitions]

    @classmethod
    def of(cls, build: Callable[[], Definitions]) -> RegistryTree:
        """A tree without components, whose new definitions are `build()`."""
        package = kaireon_orch.orchestration
        tree = cls(defs_module=package, project_root=Path(str(package.__file__)).parent)
        tree.build = build
        return tree

    def reload_with_state(self, changed_state_keys: Iterable[str]) -> Definitions:  # noqa: ARG002  Dagster's signature
        return self.build()

    def get_all_components(self, of_type: type[TComponent]) -> list[TComponent]:  # noqa: ARG002  Dagster's signature
        return []

    def __bool__(self) -> bool:
        return False


def reload_state(revision: int) -> str:
    """The state that makes a code server serve `revision`.

    Equal for equal revisions, its time stamp too, so that a server which is told again does nothing.
    """
    state = DefsStateInfo.add_version(None, STATE_KEY, str(revision), create_timestamp=float(revision + 1))
    return serialize_value(state)


class CodeServer:
    """A code server started by `dagster code-server start`. Stands in: the GraphQL reload of `launch.reload`."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._client = DagsterGrpcClient(host=host, port=int(port))

    def reload(self, revision: int, *, timeout: int = 120) -> None:
        """Serve `revision`: within the process where that works (some 0.3 s), else in a new one.

        Raises Unavailable where the server does not answer, or does not reach the registry: it then serves what it has.
        """
        try:
            reply = self._client.reload_code_with_state(
                serialized_defs_state_info=reload_state(revision), timeout=timeout
            )
            if reply.serialized_error and _out_of_reach(reply.serialized_error):
                raise Unavailable("The code server does not reach the registry; it serves what it has.")
            if reply.serialized_error:
                self._client.reload_code(timeout=timeout)
        except DagsterUserCodeUnreachableError:
            raise Unavailable("The code server does not answer; it is asked again.") from None


def _out_of_reach(error: str) -> bool:
    return deserialize_value(error, SerializableErrorInfo).cls_name == Unavailable.__name__
