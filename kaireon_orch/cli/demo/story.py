"""The demo from data to checked tables. What is there already stays; what is loaded already is not loaded again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from kaireon_orch.cli import endpoints
from kaireon_orch.cli.demo import plan, reading, warehouse
from kaireon_orch.cli.demo.client import Client, DemoFailed
from kaireon_orch.cli.demo.material import lay_out
from kaireon_orch.cli.tables import print_grid
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.settings import Settings

START_PATIENCE_SECONDS = 180.0
RUN_PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.5
SAY_SO_SECONDS = 5.0
SAMPLE_ROWS = 3
SAMPLE_COLUMNS = 9

UNFINISHED = {"pending", "running"}


@dataclass(slots=True)
class _Run:
    """A pipeline and its newest run; `fresh`: the demo started it, or found it under way."""

    pipeline: str
    run_id: str
    fresh: bool


def demo() -> int:
    """Tell the story; the exit code."""
    settings = load()
    where = endpoints.find(settings)
    typer.echo("Demo: the flights of New York City in 2013")
    folder = lay_out(settings.file_roots[0])
    with Client(where.api, _admin_key(settings)) as client:
        runs = [_launch(client, pipeline) for pipeline in _pipelines(client, folder)]
        outcomes = {run.pipeline: _await(client, run) for run in runs}
    fresh = {run.pipeline for run in runs if run.fresh}
    return _show(settings, folder, outcomes, fresh)


def _admin_key(settings: Settings) -> str:
    path = settings.home / "admin.key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise DemoFailed(f"{path} is missing: start the servers with `kaireon up` first.") from None


def _pipelines(client: Client, folder: Path) -> list[dict[str, Any]]:
    bodies = plan.connectors(folder)
    found = [_ensure(client, "/connectors", body) for body in bodies]
    ids = {record["name"]: record["id"] for record, _ in found}
    _say_made("connectors", [made for _, made in found])
    made = [_ensure(client, "/pipelines", body) for body in plan.pipelines(ids)]
    _say_made("pipelines", [is_new for _, is_new in made])
    return [record for record, _ in made]


def _ensure(client: Client, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    found = client.named(path, body["name"])
    return (found, False) if found is not None else (client.post(path, body), True)


def _say_made(what: str, made: list[bool]) -> None:
    new = sum(made)
    there = len(made) - new
    parts = [f"{new} made"] * bool(new) + [f"{there} there already"] * bool(there)
    typer.echo(f"  {what}: {', '.join(parts)}")


def _launch(client: Client, pipeline: dict[str, Any]) -> _Run:
    """Start a run, unless one is under way or has loaded the table already."""
    name, last = pipeline["name"], pipeline["lastRunStatus"]
    if last == "completed":
        return _Run(name, pipeline["lastRunId"], fresh=False)
    if last in UNFINISHED:
        return _Run(name, pipeline["lastRunId"], fresh=True)
    started = client.post_when_able(f"/pipelines/{pipeline['id']}/run", {}, START_PATIENCE_SECONDS)
    return _Run(name, started["runId"], fresh=True)


def _await(client: Client, run: _Run) -> dict[str, Any]:
    """The run object at its end."""
    began = said = time.monotonic()
    while (found := client.get(f"/runs/{run.run_id}"))["status"] in UNFINISHED:
        now = time.monotonic()
        if now - began > RUN_PATIENCE_SECONDS:
            raise DemoFailed(f"{run.pipeline}: the run {run.run_id} does not end.")
        if now - said > SAY_SO_SECONDS:
            typer.echo(f"  … {run.pipeline}: {found['status']}, {found['rowsRead'] or 0:,} rows read")
            said = now
        time.sleep(POLL_SECONDS)
    return found


def _show(settings: Settings, folder: Path, outcomes: dict[str, dict[str, Any]], fresh: set[str]) -> int:
    wrong: list[str] = []
    with warehouse.opened(settings.warehouse_url) as query:
        for table in plan.TABLES:
            _say_run(table.name, outcomes[table.name], fresh)
            problems = (
                _check(query, folder, table) if outcomes[table.name]["status"] == "completed" else ["no load"]
            )
            wrong += [f"{table.name}: {problem}" for problem in problems]
        wrong += _check_coming_soon(query, outcomes[plan.COMING_SOON], fresh)
    for problem in wrong:
        typer.echo(f"  WRONG {problem}", err=True)
    if not wrong:
        typer.echo("\nEvery count, NULL and sum is what Python's csv module reads in the files.")
    return 1 if wrong else 0


def _say_run(name: str, run: dict[str, Any], fresh: set[str]) -> None:
    if run["error"]:
        typer.echo(f"\n{name}: {run['status']}: {run['error']['code']}: {run['error']['message']}")
        return
    how = f"loaded in {(run['durationMs'] or 0) / 1000:.1f} s" if name in fresh else "loaded already"
    typer.echo(f"\n{name}: {run['rowsLoaded']:,} rows, {how}")


def _check(query: warehouse.Query, folder: Path, table: plan.Table) -> list[str]:
    """What differs between the table and the file; prints some rows on the way."""
    kinds = warehouse.columns(query, table.name)
    if not kinds:
        return ["the table is not there"]
    shown = list(kinds)[:SAMPLE_COLUMNS]
    print_grid(shown, warehouse.sample(query, table.name, shown, SAMPLE_ROWS), indent="  ")
    expected = reading.figures_of(folder / table.file, table.sums, table.row_limit)
    found = warehouse.figures_of(query, table.name, list(expected.nulls), table.sums)
    problems = [] if found == expected else [f"the warehouse has {found}, the file {expected}"]
    problems += [
        f"{name} is {kinds.get(name)}, not {kind}"
        for name, kind in table.kinds.items()
        if kinds.get(name) != kind
    ]
    return problems + [
        f"{name} is NULL in {found.nulls[name]} rows, not {count}"
        for name, count in table.known_nulls.items()
        if found.nulls[name] != count
    ]


def _check_coming_soon(query: warehouse.Query, run: dict[str, Any], fresh: set[str]) -> list[str]:
    _say_run(plan.COMING_SOON, run, fresh)
    typer.echo(f"  {run['message']}")
    untouched = (
        run["status"] == "completed"
        and not run["rowsLoaded"]
        and not warehouse.columns(query, plan.COMING_SOON)
    )
    return [] if untouched else [f"{plan.COMING_SOON}: a coming-soon type must succeed and touch nothing"]
