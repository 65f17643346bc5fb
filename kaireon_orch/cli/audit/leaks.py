"""`kaireon audit leaks`: every secret of the installation, looked for wherever it must not be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kaireon_orch.cli import dagster_home, endpoints
from kaireon_orch.cli.audit.api_keys import whose_key
from kaireon_orch.cli.audit.databases import look_into_server
from kaireon_orch.cli.audit.folders import look_below, look_into
from kaireon_orch.cli.audit.processes import look_at_processes
from kaireon_orch.cli.audit.search import Search, Sought
from kaireon_orch.cli.audit.trial import try_itself
from kaireon_orch.cli.audit.webserver import Webserver
from kaireon_orch.cli.registry import opened
from kaireon_orch.cli.tables import print_json, print_records
from kaireon_orch.control.secret_inventory import Inventory
from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kaireon_orch.control.registry import Registry
    from kaireon_orch.settings import Settings

COLUMNS = ("area", "where", "tenant", "connector", "field", "spelling")


def leaks(also: Sequence[Path], runs: int, *, as_json: bool) -> int:
    """Search and tell; the exit code, 1 where something was found or could not be searched."""
    tried = try_itself()
    with opened() as registry:
        inventory, sought = Inventory(), Sought()
        for owner, value in inventory.every(registry):
            sought.add(owner, value)
        search = Search(sought, whose_key(registry))
        look_everywhere(search, registry, inventory.variables, also, runs)
    told = _sought_told(inventory, sought, tried) | search.told()
    print_json(told) if as_json else _show(told)
    return 1 if told["findings"] or any(area["faults"] for area in told["searched"]) else 0


def look_everywhere(
    search: Search, registry: Registry, variables: set[str], also: Sequence[Path], runs: int
) -> None:
    """All places of this installation, and the files or folders of `also`; `runs` of the newest over GraphQL."""
    settings = registry.settings
    dagster = home_of_dagster(settings)
    _look_at_home(search, settings, dagster)
    _look_at_registry(search, registry)
    _look_at_dagster(search, dagster)
    Webserver(search, search.area("GraphQL answers"), endpoints.find(settings).dagster, runs).look()
    meant = variables | _named_in(dagster)
    look_at_processes(search, search.area("processes"), (settings.home, dagster), meant)
    for path in also:
        _look_at(search, path)


def home_of_dagster(settings: Settings) -> Path:
    """DAGSTER_HOME, where it is set, else the embedded one."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given).expanduser().absolute() if given else dagster_home.folder(settings)


def _look_at_home(search: Search, settings: Settings, dagster: Path) -> None:
    """Without keys and data: both hold what they hold on purpose."""
    home = settings.home
    kept = {home / name for name in ("keys", "admin.key", "api-keys.pepper")}
    data = {*settings.file_roots, *home.glob("warehouse.duckdb*")}
    look_below(search, search.area("home"), home, but=kept | data | {dagster})


def _look_at_registry(search: Search, registry: Registry) -> None:
    """The embedded registry is a file of the home; its sealed columns hold no secret that could be found."""
    if not registry.database.embedded:
        look_into_server(search, search.area("registry"), registry.settings.registry_url)


def _look_at_dagster(search: Search, home: Path) -> None:
    from kaireon_orch.orchestration.instance_places import InstancePlaces  # noqa: PLC0415  Dagster takes a second

    area = search.area("Dagster's storage")
    if not (home / "dagster.yaml").is_file():
        area.notes.append(f"there is no dagster.yaml in {home}")
        look_below(search, area, home)
        return
    try:
        places = InstancePlaces.of(home)
    except Unavailable as error:
        area.faults.append(error.message)
        look_below(search, area, home)
        return
    for folder in places.folders:
        look_below(search, area, folder)
    for url in places.databases:
        look_into_server(search, area, url)
    if places.elsewhere:
        area.notes.append(
            f"compute logs are kept by {places.elsewhere}: only what GraphQL answers is searched"
        )


def _named_in(home: Path) -> set[str]:
    from kaireon_orch.orchestration.instance_places import variables_of  # noqa: PLC0415  as above

    return variables_of(home)


def _look_at(search: Search, path: Path) -> None:
    area = search.area("files named")
    if path.is_dir():
        look_below(search, area, path.absolute())
    else:
        look_into(search, area, path.absolute(), path.name)


def _sought_told(inventory: Inventory, sought: Sought, tried: int) -> dict[str, Any]:
    return {
        "sought": {
            "connectors": inventory.counts["connectors"],
            "secrets": sought.secrets,
            "spellings": len(sought.needles),
            "tooShort": sought.short,
            "unreadable": inventory.counts["unreadable"],
            "unresolvedReferences": inventory.counts["unresolved"],
        },
        "selfTest": {"planted": tried, "found": tried},
    }


def _show(told: dict[str, Any]) -> None:
    sought, trial = told["sought"], told["selfTest"]
    typer.echo(
        f"Looked for {sought['secrets']} secrets of {sought['connectors']} connectors and of the installation, in "
        f"{sought['spellings']} spellings, and for every API key (known by their hashes alone, so only in clear)."
    )
    typer.echo(f"Self-test: {trial['found']} of {trial['planted']} planted secrets found.")
    for name, words in _LEFT_OUT.items():
        if sought[name]:
            typer.echo(f"Left out: {sought[name]} {words}.")
    for area in told["searched"]:
        _show_area(area)
    if told["findings"]:
        print_records(told["findings"], COLUMNS)
        typer.echo(f"{len(told['findings']) + told['moreFindings']} findings: change these secrets.")
    else:
        typer.echo("No secret was found.")


_LEFT_OUT = {
    "tooShort": "secrets of fewer than 6 bytes, which stand everywhere by chance",
    "unreadable": "connectors whose secrets cannot be decrypted with these keys",
    "unresolvedReferences": "references that cannot be resolved here",
}
_TOLD_APART = ("area", "bytes", "compressedBodies", "notes", "faults")


def _show_area(area: dict[str, Any]) -> None:
    counts = ", ".join(f"{count:,} {name}" for name, count in area.items() if name not in _TOLD_APART)
    typer.echo(
        f"  {area['area']}: {counts or 'nothing'}, {area['bytes']:,} bytes, "
        f"{area['compressedBodies']:,} compressed bodies"
    )
    for note in area["notes"]:
        typer.echo(f"    {note}")
    for fault in area["faults"]:
        typer.echo(f"    NOT SEARCHED: {fault}")
