"""`kaireon pipelines`: what there is, and what a run would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kaireon_orch.cli.registry import PAGE, every, opened, operator
from kaireon_orch.cli.tables import print_grid, print_json, print_records
from kaireon_orch.control import pipelines, plans

if TYPE_CHECKING:
    from kaireon_orch.control.plans import PlanView


def list_all(tenant: str | None, *, as_json: bool) -> None:
    """The pipelines of a tenant, newest first."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = every(lambda cursor: pipelines.list_page(registry, caller, limit=PAGE, cursor=cursor))
        records = [view.to_json() for view in found]
    columns = ("name", "loadMode", "enabled", "lastRunStatus", "lastRunAt", "id")
    print_records(records, columns, as_json=as_json)


def plan(name: str, tenant: str | None, *, as_json: bool) -> int:
    """Say what a run of the pipeline of that name would do; the exit code is 1 where it would be refused."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = plans.plan(registry, caller, pipelines.by_name(registry, caller.tenant, name).id)
    if as_json:
        print_json(found.to_json())
    else:
        _print_plan(name, found)
    return 0 if found.refused is None else 1


def _print_plan(name: str, found: PlanView) -> None:
    there = {True: "", False: " (to be made)", None: ""}[found.exists]
    typer.echo(f"{name}: {found.load_mode} into {found.table}{there}")
    lines = [
        [
            column.name,
            column.source_type or "-",
            column.arrow_type,
            column.target_type or "-",
            column.action,
            column.fidelity,
            column.reason or "",
        ]
        for column in found.columns
    ]
    if lines:
        print_grid(["COLUMN", "SOURCE", "ARROW", "TARGET", "ACTION", "FIDELITY", "WHY"], lines)
    if found.untouched:
        typer.echo(f"Left to their default or NULL: {', '.join(found.untouched)}")
    if found.note:
        typer.echo(found.note)
    if found.refused:
        typer.echo(f"A run would be refused. {found.refused.code}: {found.refused.message}")
