"""The demo from data to checked tables. What is there already stays; what is loaded already is not loaded again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
LAUNCHES_AT_ONCE = 2
SAY_SO_SECONDS = 5.0
SAMPLE_ROWS = 3
SAMPLE_COLUMNS = 9

UNFINISHED = {"pending", "running"}


def demo() -> int:
    """Tell the story; the exit code."""
    settings = load()
    where = endpoints.find(settings)
    typer.echo("Demo: the flights of New York City in 2013")
    folder = lay_out(settings.file_roots[0])
    with Client(where.api, _admin_key(settings)) as client:
        pipelines = _pipelines(client, folder)
        with ThreadPoolExecutor(LAUNCHES_AT_ONCE) as pool:
            outcomes = dict(pool.map(partial(_run, client), pipelines))
    failed = {name for name, run in outcomes.items() if run["status"] != "completed"}
    wrong = [f"{name}: {outcomes[name]['status']}" for name in sorted(failed)]
    wrong += _check_tables(settings, folder, outcomes.keys() - failed)
    return _conclude(wrong)


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


def _run(client: Client, pipeline: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The pipeline's name and its run at the end; a new run unless one is under way or has loaded the table."""
    name, last = pipeline["name"], pipeline["lastRunStatus"]
    if last == "completed":
        run = client.get(f"/runs/{pipeline['lastRunId']}")
        if run["rowLimit"] == pipeline["rowLimit"]:
            typer.echo(f"  {name}: loaded already, {run['rowsLoaded']:,} rows")
            return name, run
    run_id = pipeline["lastRunId"] if last in UNFINISHED else _launch(client, pipeline)
    run = _await(client, name, run_id)
    typer.echo(f"  {name}: {_ending(run)}")
    return name, run


def _launch(client: Client, pipeline: dict[str, Any]) -> str:
    """Dagster may still be starting: the API says so, and nothing is queued."""
    started = client.start(f"/pipelines/{pipeline['id']}/run", START_PATIENCE_SECONDS)
    return str(started["runId"])


def _await(client: Client, name: str, run_id: str) -> dict[str, Any]:
    """The run object at its end."""
    began = said = time.monotonic()
    while (run := client.get(f"/runs/{run_id}"))["status"] in UNFINISHED:
        now = time.monotonic()
        if now - began > RUN_PATIENCE_SECONDS:
            raise DemoFailed(f"{name}: the run {run_id} does not end.")
        if now - said > SAY_SO_SECONDS:
            typer.echo(f"  … {name}: {run['status']}, {run['rowsRead']:,} rows read")
            said = now
        time.sleep(POLL_SECONDS)
    return run


def _ending(run: dict[str, Any]) -> str:
    if run["error"]:
        return f"{run['status']}: {run['error']['code']}: {run['error']['message']}"
    rows = f"{run['rowsLoaded']:,} rows in {run['durationMs'] / 1000:.1f} s"
    return f"{rows}. {run['message']}" if run["message"] else rows


def _check_tables(settings: Settings, folder: Path, loaded: set[str]) -> list[str]:
    """Show the tables that were loaded, and say what differs from the files."""
    wrong: list[str] = []
    tables = [table for table in plan.TABLES if table.name in loaded]
    if not tables:
        return wrong
    with warehouse.opened(settings.warehouse_url) as query:
        for table in tables:
            wrong += [f"{table.name}: {problem}" for problem in _check(query, folder, table)]
        if warehouse.columns(query, plan.COMING_SOON):
            wrong.append(f"{plan.COMING_SOON}: a type that is coming soon must touch nothing")
    return wrong


def _conclude(wrong: list[str]) -> int:
    for problem in wrong:
        typer.echo(f"  WRONG {problem}", err=True)
    if not wrong:
        typer.echo("\nEvery count, NULL and sum is what Python's csv module reads in the files.")
    return 1 if wrong else 0


def _check(query: warehouse.Query, folder: Path, table: plan.Table) -> list[str]:
    """What differs between the table and the file; prints some rows on the way."""
    kinds = warehouse.columns(query, table.name)
    if not kinds:
        return ["the table is not there"]
    shown = list(kinds)[:SAMPLE_COLUMNS]
    expected = reading.figures_of(folder / table.file, table.sums, table.row_limit)
    found = warehouse.figures_of(query, table.name, list(expected.nulls), table.sums)
    typer.echo(f"\n{table.name}: {found.rows:,} rows")
    print_grid(shown, warehouse.sample(query, table.name, shown, SAMPLE_ROWS), indent="  ")
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
