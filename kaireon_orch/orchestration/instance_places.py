"""Where a Dagster instance keeps what it keeps: folders and databases, as its dagster.yaml says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import DagsterInstance
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from sqlalchemy.exc import SQLAlchemyError

from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = re.compile(r"\benv:\s*[\"']?([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True, repr=False)
class InstancePlaces:
    """`databases` are SQLAlchemy URLs with their passwords; `elsewhere` names a compute log manager that keeps no files here."""

    folders: tuple[Path, ...]
    databases: tuple[str, ...]
    elsewhere: str | None

    @classmethod
    def of(cls, home: Path) -> InstancePlaces:
        """Of the instance whose dagster.yaml is in `home`. Raises Unavailable where its database cannot be reached."""
        try:
            with DagsterInstance.from_config(str(home)) as instance:
                folders = {home, Path(instance.storage_directory()), *_configured(instance)}
                urls = {url for part in _storages(instance) if (url := getattr(part, "postgres_url", None))}
                manager = instance.compute_log_manager
                kept_here = isinstance(manager, LocalComputeLogManager | NoOpComputeLogManager)
        except SQLAlchemyError as error:
            words = (
                f"Dagster's storage cannot be opened ({type(error).__name__}); check {home / 'dagster.yaml'}."
            )
            raise Unavailable(words) from None
        return cls(_outermost(folders), tuple(sorted(urls)), None if kept_here else type(manager).__name__)


def variables_of(home: Path) -> set[str]:
    """The environment's variables from which the files in `home` take what they do not say."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(home.glob("*.yaml"))]
    return {name for text in texts for name in _VARIABLE.findall(text)}


def _storages(instance: DagsterInstance) -> tuple[object, ...]:
    return (instance.run_storage, instance.event_log_storage, instance.schedule_storage)


def _configured(instance: DagsterInstance) -> Iterator[Path]:
    for part in (*_storages(instance), instance.compute_log_manager):
        data = getattr(part, "inst_data", None)
        base = data.config_dict.get("base_dir") if data is not None else None
        if isinstance(base, str):
            yield Path(base)


def _outermost(folders: set[Path]) -> tuple[Path, ...]:
    """Without those that are below another."""
    return tuple(
        each
        for each in sorted(folders)
        if not any(each != other and each.is_relative_to(other) for other in folders)
    )
