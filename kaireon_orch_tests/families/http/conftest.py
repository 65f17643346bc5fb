"""Sites to ask, an authority to trust, and children that ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.families.http.certificates import Authority
from kaireon_orch_tests.families.http.site import Site, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.below(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(authority: Authority) -> Iterator[Site]:
    with served(authority.context("localhost", "127.0.0.1")) as one:
        yield one


def allowing(*sites: Site) -> Policy:
    """The operator's leave to reach these sites."""
    return Policy(rules=parse_rules([f"127.0.0.1:{one.port}" for one in sites]))


@dataclass
class Asker:
    """Asks from within a guarded child."""

    policy: Policy
    deadline: float = 20.0
    client: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self, *asks: str | dict[str, Any], secrets: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        listed = [{"url": ask} if isinstance(ask, str) else ask for ask in asks]
        done = run_job(
            "ask",
            {"asks": listed, "client": self.client, "secrets": secrets},
            policy=self.policy,
            deadline=self.deadline,
            module="kaireon_orch_tests.families.http.jobs",
        )
        told: list[dict[str, Any]] = done.result["told"]
        return told
