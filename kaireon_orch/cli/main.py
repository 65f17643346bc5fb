"""The commands and their options. Exit codes: 0 fine, 1 failed, 2 usage.

What a command needs is imported when it is called, so that `kaireon --help` answers at once.
"""
# ruff: noqa: PLC0415  laziness is the point of this module

from __future__ import annotations

import gc
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from kaireon_orch.errors import KaireonError, RequestError

FAILED = 1
USAGE = 2
COLLECT_EVERY = (
    100_000  # objects; what the imports of a run make stays, and looking at it is a tenth of the start
)

app = typer.Typer(
    name="kaireon",
    help="Kaireon Orch: a connector control plane for Dagster.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API keys: create, list, revoke.")
connectors = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Connectors: list, test, apply, export."
)
pipelines = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Pipelines: list, run, apply, export."
)
audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Audit: leaks.")
app.add_typer(keys, name="keys")
app.add_typer(connectors, name="connectors")
app.add_typer(pipelines, name="pipelines")
app.add_typer(audit, name="audit")

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else.")]
Files = Annotated[
    Path,
    typer.Option("-f", "--file", exists=True, help="A YAML file, or a folder of them.", show_default=False),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", file_okay=False, help="Write into this folder, not to stdout.", show_default=False
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Apply the plan without asking.")]
Tenant = Annotated[str | None, typer.Option(help="The tenant; default: KAIREON_TENANT.", show_default=False)]
Role = Literal["admin", "editor", "viewer"]


def main() -> None:
    """Entry point: an error of ours is one line on stderr and exit code 1."""
    leave_no_core()
    try:
        app()
    except KaireonError as error:
        typer.echo(f"kaireon: {error.message}", err=True)
        for detail in error.details if isinstance(error, RequestError) else ():
            typer.echo(f"  {detail.field}: {detail.message}", err=True)
        sys.exit(FAILED)


def leave_no_core() -> None:
    """Neither this process nor what it starts leaves a core file: it would hold the keys and what they open."""
    try:
        import resource
    except ImportError:  # there are none on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kaireon {version('kaireon-orch')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def up(
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            metavar="N",
            help="The API's port; the next free one where it is taken.",
            show_default=False,
        ),
    ] = None,
    dagster_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            metavar="N",
            help="The port of Dagster's web server, likewise.",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Make and run the demo once all is up.")] = False,
) -> None:
    """Run API and Dagster in the foreground until Ctrl-C. They work on what the home keeps."""
    from kaireon_orch.cli.up import up as start

    sys.exit(start(port, dagster_port, demo=demo))


@app.command()
def demo() -> None:
    """Load the demo's real data and show its rows. It is made over the API of servers that are up; safe to repeat."""
    from kaireon_orch.cli.demo.story import demo as tell

    sys.exit(tell())


@app.command()
def api() -> None:
    """Run the API alone."""
    from kaireon_orch.cli.serving import serve_api

    serve_api()


@app.command()
def migrate() -> None:
    """Bring the registry's schema to head."""
    from kaireon_orch.cli.registry import migrate as bring_to_head

    typer.echo(bring_to_head())


@app.command()
def settings(as_json: Json = False) -> None:
    """Every setting: its value, source and default. Secrets are masked."""
    from kaireon_orch.cli.tables import print_records
    from kaireon_orch.settings import load, rows

    records = [row._asdict() for row in rows(load())]
    print_records(records, ("name", "value", "source", "default"), as_json=as_json)


@app.command()
def types(
    slug: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="One type: its fields.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """The catalogue of connector types, or one type's fields."""
    from kaireon_orch.cli import types as catalogue

    if slug is None:
        catalogue.list_types(as_json=as_json)
    else:
        catalogue.show_type(slug, as_json=as_json)


@keys.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    tenant: Tenant = None,
    name: Annotated[str | None, typer.Option(help="Default: key-<time>.", show_default=False)] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="ISO 8601, or a span: 30d, 12h.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown this once. A tenant comes into being with its first key."""
    from kaireon_orch.cli import keys as commands

    commands.create(tenant, role, name, expires, as_json=as_json)


@keys.command("list")
def list_keys(tenant: Tenant = None, as_json: Json = False) -> None:
    """The tenant's keys, newest first."""
    from kaireon_orch.cli import keys as commands

    commands.list_all(tenant, as_json=as_json)


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")], tenant: Tenant = None) -> None:
    """Revoke a key; it fails from the next request on."""
    from kaireon_orch.cli import keys as commands

    commands.revoke(key_id, tenant)


@connectors.command("list")
def list_connectors(tenant: Tenant = None, as_json: Json = False) -> None:
    """The tenant's connectors, newest first."""
    from kaireon_orch.cli import connectors as commands

    commands.list_all(tenant, as_json=as_json)


@connectors.command("test")
def probe_connector(name: Name, tenant: Tenant = None, as_json: Json = False) -> None:
    """Test a connector as the API does; exit code 1 when the test fails."""
    from kaireon_orch.cli import connectors as commands

    sys.exit(commands.test(name, tenant, as_json=as_json))


@connectors.command("apply")
def apply_connectors(file: Files, yes: Yes = False, tenant: Tenant = None, as_json: Json = False) -> None:
    """Make the connectors what the files say. A plan is shown first; then all of it is done or nothing."""
    from kaireon_orch.cli import files

    sys.exit(files.apply("connectors", file, tenant, yes=yes, as_json=as_json))


@connectors.command("export")
def export_connectors(output: Folder = None, tenant: Tenant = None, as_json: Json = False) -> None:
    """Write the connectors as YAML. Secrets are references, never themselves."""
    from kaireon_orch.cli import files

    files.export("connectors", output, tenant, as_json=as_json)


@pipelines.command("list")
def list_pipelines(tenant: Tenant = None, as_json: Json = False) -> None:
    """The tenant's pipelines, newest first."""
    from kaireon_orch.cli import pipelines as commands

    commands.list_all(tenant, as_json=as_json)


@pipelines.command("run")
def run_pipeline(
    name: Name,
    row_limit: Annotated[
        int | None,
        typer.Option(min=0, metavar="ROWS", help="At most so many rows; 0: no cap.", show_default=False),
    ] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Forget the watermark.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare source and target after the load.")
    ] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Run a pipeline here, without any server; progress on stderr. A signal cancels it."""
    gc.set_threshold(COLLECT_EVERY)
    from kaireon_orch.cli import running

    body = {"rowLimit": row_limit, "fullRefresh": full_refresh, "verify": verify}
    sys.exit(running.run(name, tenant, body, as_json=as_json))


@pipelines.command("plan")
def plan_pipeline(name: Name, tenant: Tenant = None, as_json: Json = False) -> None:
    """Say what a run would do, column by column. Nothing is loaded; exit code 1 where a run would be refused."""
    from kaireon_orch.cli import pipelines as commands

    sys.exit(commands.plan(name, tenant, as_json=as_json))


@pipelines.command("state")
def pipeline_state(
    name: Name,
    watermark: Annotated[
        str | None,
        typer.Option("--set", metavar="VALUE", help="Go on after this value.", show_default=False),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Read from the beginning.")] = False,
    reason: Annotated[
        str | None,
        typer.Option(help="Why; kept in the audit log. --set and --forget need it.", show_default=False),
    ] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Say where a pipeline stands in its target, or move it by hand."""
    from kaireon_orch.cli import states as commands

    if watermark is not None and forget:
        raise typer.BadParameter("--set and --forget exclude each other")
    if watermark is not None:
        commands.move(name, tenant, watermark, reason, as_json=as_json)
    elif forget:
        commands.forget(name, tenant, reason, as_json=as_json)
    else:
        commands.show(name, tenant, as_json=as_json)


@pipelines.command("apply")
def apply_pipelines(file: Files, yes: Yes = False, tenant: Tenant = None, as_json: Json = False) -> None:
    """Make the pipelines what the files say. A plan is shown first; then all of it is done or nothing."""
    from kaireon_orch.cli import files

    sys.exit(files.apply("pipelines", file, tenant, yes=yes, as_json=as_json))


@pipelines.command("export")
def export_pipelines(output: Folder = None, tenant: Tenant = None, as_json: Json = False) -> None:
    """Write the pipelines as YAML. They name their connectors by name."""
    from kaireon_orch.cli import files

    files.export("pipelines", output, tenant, as_json=as_json)


@app.command("rotate-keys")
def rotate_keys(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Encrypt every secret afresh with the first key. That is the first of KAIREON_ENCRYPTION_KEYS."""
    from kaireon_orch.cli.rotate import rotate

    sys.exit(rotate(dry_run=dry_run, as_json=as_json))


@audit.callback()
def _audit() -> None:
    """A group even while it has one command."""


@audit.command("leaks")
def audit_leaks(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            exists=True, help="Files or folders to search too: collected logs.", show_default=False
        ),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many of Dagster's newest runs to ask for.")
    ] = 100,
    as_json: Json = False,
) -> None:
    """Look for every stored secret where none may be: Dagster's storage and answers, logs, the home, processes.

    Exit code 1 where one was found, or a place could not be searched. No secret is shown.
    """
    from kaireon_orch.cli.audit.leaks import leaks

    sys.exit(leaks(paths or (), runs, as_json=as_json))
