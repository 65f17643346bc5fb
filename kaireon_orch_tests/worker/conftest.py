"""A folder with a file to read, and jobs on it in a real guarded child."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Child:
    """Runs jobs on a CSV connector; `events` are those of the last one."""

    root: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    def run(self, kind: str, config: dict[str, Any], **payload: Any) -> dict[str, Any]:
        connector = {"type": "csv", "config": config, "authMethod": "none", "auth": None}
        self.events.clear()
        done = run_job(
            kind,
            {"connector": connector} | payload,
            policy=Policy(files=(str(self.root),)),
            deadline=30,
            on_event=self.events.append,
        )
        return done.result


@pytest.fixture
def child(tmp_path: Path) -> Child:
    (tmp_path / "orders.csv").write_text("id,total,item\n1,2.5,pen\n2,3.5,ink\n9007199254740993,1,nib\n")
    return Child(tmp_path)
