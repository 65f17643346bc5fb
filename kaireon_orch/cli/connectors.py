"""`kaireon connectors`: what is stored, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kaireon_orch.cli.registry import PAGE, every, opened, operator
from kaireon_orch.cli.tables import print_grid, print_json, print_records
from kaireon_orch.control import connectors, probing

if TYPE_CHECKING:
    from kaireon_orch.control.views import TestResult

_MARKS = {True: "ok", False: "failed", None: "not tried"}


def list_all(tenant: str | None, *, as_json: bool) -> None:
    """The connectors of a tenant, newest first."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = every(lambda cursor: connectors.list_page(registry, caller, limit=PAGE, cursor=cursor))
        records = [view.to_json() for view in found]
    print_records(records, ("name", "type", "status", "lastTestedAt", "resourceKey", "id"), as_json=as_json)


def test(name: str, tenant: str | None, *, as_json: bool) -> int:
    """Test the connector of that name; the exit code."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = connectors.by_name(registry, caller.tenant, name)
        result = probing.test_connector(registry, caller, {"id": found.id})
    if as_json:
        print_json(result.to_json())
    else:
        _print_result(result)
    return 0 if result.success else 1


def _print_result(result: TestResult) -> None:
    lines = [
        [check.name, _MARKS[check.ok], f"{check.latency_ms} ms", check.message] for check in result.checks
    ]
    if lines:
        print_grid(["CHECK", "RESULT", "TIME", "WHAT"], lines)
    typer.echo(f"{result.code}: {result.message}")
