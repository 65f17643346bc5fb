"""`kaireon connectors|pipelines apply` and `export`: configuration as files, a plan before anything is changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import typer

from kaireon_orch.cli.registry import opened, operator
from kaireon_orch.cli.tables import print_json
from kaireon_orch.control.files import connector_files, pipeline_files, reading

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from kaireon_orch.control.files.plans import Change, Plan, Step

Kind = Literal["connectors", "pipelines"]

DONE, FAILED, USAGE = 0, 1, 2
_ROOMS: dict[Kind, ModuleType] = {"connectors": connector_files, "pipelines": pipeline_files}
_MARKS = {"create": "+", "change": "~", "unchanged": "="}


def apply(kind: Kind, place: Path, tenant: str | None, *, yes: bool, as_json: bool) -> int:
    """Show the plan, ask, do it; the exit code. Nobody to ask and no `--yes`: nothing is changed, and that is a 2."""
    room = _ROOMS[kind]
    with opened() as registry:
        caller = operator(registry, tenant)
        records = reading.read(place)
        plan = room.plan(registry, caller, records)
        if not as_json:
            _print_plan(kind, plan)
        answer = DONE if plan.changes_nothing or yes else _ask()
        applied = answer == DONE and not plan.changes_nothing
        if applied:
            room.apply(registry, caller, records, plan)
    if as_json:
        print_json(plan.to_json() | {"applied": applied})
    elif applied:
        typer.echo("Applied.")
    return answer


def export(kind: Kind, folder: Path | None, tenant: str | None, *, as_json: bool) -> None:
    """Write the tenant's records as YAML, to stdout or into a folder; what must be said goes to stderr."""
    with opened() as registry:
        exported = _ROOMS[kind].export(registry, operator(registry, tenant))
    for note in exported.notes:
        typer.echo(f"kaireon: {note}", err=True)
    path = exported.save(folder) if folder else None
    if as_json:
        file = str(path) if path else None
        print_json({"file": file, "records": exported.records, "notes": exported.notes})
    else:
        typer.echo(f"Wrote {path}." if path else exported.text(), nl=bool(path))


def _ask() -> int:
    if not sys.stdin.isatty():
        typer.echo("kaireon: nothing was changed; --yes applies the plan", err=True)
        return USAGE
    if typer.confirm("Apply this?", err=True):
        return DONE
    typer.echo("Nothing was changed.", err=True)
    return FAILED


def _print_plan(kind: Kind, plan: Plan) -> None:
    for step in plan.steps:
        _print_step(step)
    counts = plan.counts
    typer.echo(
        f"{len(plan.steps)} {kind}: {counts['create']} to create, {counts['change']} to change, "
        f"{counts['unchanged']} unchanged."
    )


def _print_step(step: Step) -> None:
    typer.echo(f"{_MARKS[step.action]} {step.name}  {step.action}  ({step.place})")
    for change in step.changes:
        typer.echo(f"    {change.field}: {_spelled(step, change)}")
    for note in step.notes:
        typer.echo(f"    ! {note}")


def _spelled(step: Step, change: Change) -> str:
    if step.action == "create":
        return change.after or "-"
    return f"{change.before or '-'} -> {change.after or '-'}"
