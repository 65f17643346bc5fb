"""How the attacks are made: connectors as the parent hands them over, tried in a real guarded child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.network.guard import Policy

JOBS = "kaireon_orch_tests.attacks.jobs"
KEY = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-canary"}


@dataclass(frozen=True)
class Told:
    """What came of one attempt; `text` is everything that the child said about it."""

    code: str
    message: str
    result: dict[str, Any] | None
    checks: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return f"{self.message} {self.checks} {self.result}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.code == "OK", (self.code, self.message)
        assert self.result is not None
        rows: list[dict[str, Any]] = self.result["rows"]
        return rows


def tried(*tries: dict[str, Any], policy: Policy, deadline: float = 45) -> list[Told]:
    """All attempts, one after another in one child."""
    done = run_job("attack", {"tries": list(tries)}, policy=policy, deadline=deadline, module=JOBS)
    return [Told(**one) for one in done.result["told"]]


def probe(connector: Mapping[str, Any]) -> dict[str, Any]:
    return {"job": "probe", "connector": connector}


def preview(connector: Mapping[str, Any], **source: Any) -> dict[str, Any]:
    return {"job": "preview", "connector": connector, "source": source, "limit": 5}


def discover(connector: Mapping[str, Any]) -> dict[str, Any]:
    return {"job": "discover", "connector": connector, "offset": 0, "limit": 5}


def of_type(
    type_: str, auth: Mapping[str, Any] | None = None, method: str = "none", **config: Any
) -> dict[str, Any]:
    """A connector as `OpenedConnector.for_child` describes it."""
    return {"type": type_, "config": config, "authMethod": method, "auth": auth}


def postgresql(
    host: str, port: int = 5432, *, auth: Mapping[str, Any] | None = None, **config: Any
) -> dict[str, Any]:
    given = {"username": "u", "password": "planted-canary"} if auth is None else auth
    return of_type(
        "postgresql", given, "password", **({"host": host, "port": port, "database": "shop"} | config)
    )


def csv(url: str, auth: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return of_type("csv", auth, "bearer_token" if auth else "none", url=url)


def kinesis(endpoint: str, **config: Any) -> dict[str, Any]:
    known = {"streamName": "orders", "region": "eu-central-1", "endpoint": endpoint}
    return of_type("amazon_kinesis", KEY, "access_key", **(known | config))
