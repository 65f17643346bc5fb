"""`kaireon up`: the API and Dagster on one machine, on what the home keeps."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from kaireon_orch.cli import dagster_home
from kaireon_orch.cli.endpoints import Endpoints, alone, published, reachable
from kaireon_orch.cli.lifeline import watched
from kaireon_orch.cli.ports import accepts, answers, free_port
from kaireon_orch.cli.supervision import Group, Service, StartError, Stopped
from kaireon_orch.network.child import guard_words
from kaireon_orch.settings import load, without_password

if TYPE_CHECKING:
    from kaireon_orch.settings import Settings

CODE_SERVER_HOST = "127.0.0.1"
CODE_SERVER_PORT = 4000
DAGSTER_PORT = 3000
_KAIREON = (sys.executable, "-m", "kaireon_orch.cli")


def up(port: int | None, dagster_port: int | None, *, demo: bool = False) -> int:
    """Serve until a signal; the exit code."""
    settings = load() if port is None else load(api_port=port)
    return watched(partial(_supervise, settings, dagster_port, demo=demo))


def _supervise(settings: Settings, dagster_port: int | None, *, demo: bool) -> int:
    with alone(settings.home):
        plan = _Plan.make(settings, dagster_port)
        group = Group(settings.home / "logs", plan.environment())
        try:
            with published(settings.home, plan.endpoints):
                _serve(plan, group, demo=demo)
        except Stopped:
            typer.echo("Stopping …")
        except StartError as error:
            typer.echo(f"kaireon: {error.message}", err=True)
            return 1
        finally:
            group.stop()
    typer.echo("Everything is stopped.")
    return 0


class _Plan:
    """Where everything listens, and how it is started."""

    def __init__(self, settings: Settings, api: int, dagster: int, code_server: int) -> None:
        self.settings = settings
        self.api_port = api
        self.dagster_port = dagster
        self.code_server_port = code_server
        self.dagster_home = dagster_home.render(settings)
        self.endpoints = Endpoints(
            api=f"http://{reachable(settings.api_host)}:{api}", dagster=f"http://127.0.0.1:{dagster}"
        )

    @classmethod
    def make(cls, settings: Settings, dagster_port: int | None) -> _Plan:
        api = free_port("the API", settings.api_port, settings.api_host)
        wanted = dagster_port or urlsplit(settings.dagster_url).port or DAGSTER_PORT
        dagster = free_port("Dagster's web server", wanted, taken=frozenset({api}))
        code_server = free_port("the code server", CODE_SERVER_PORT, taken=frozenset({api, dagster}))
        return cls(settings, api, dagster, code_server)

    def environment(self) -> dict[str, str]:
        """What every process is told; the names of ours are settings, the rest is Dagster's."""
        return os.environ | {
            "KAIREON_HOME": str(self.settings.home),
            "KAIREON_API_PORT": str(self.api_port),
            "KAIREON_DAGSTER_URL": self.endpoints.dagster,
            "KAIREON_CODE_SERVER": f"{CODE_SERVER_HOST}:{self.code_server_port}",
            "CODE_SERVER_HOST": CODE_SERVER_HOST,
            "CODE_SERVER_PORT": str(self.code_server_port),
            "DAGSTER_HOME": str(self.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "PYTHONUNBUFFERED": "1",
        }

    def api(self) -> Service:
        return Service("api", (*_KAIREON, "api"), partial(answers, f"{self.endpoints.api}/readyz"))

    def code_server(self) -> Service:
        place = ("-h", CODE_SERVER_HOST, "-p", str(self.code_server_port))
        target = ("-m", "kaireon_orch.definitions", "-a", "defs", "--location-name", "kaireon_orch")
        command = (_script("dagster"), "code-server", "start", *target, *place)
        # The port opens when the code has been loaded.
        return Service("code-server", command, partial(accepts, CODE_SERVER_HOST, self.code_server_port))

    def webserver(self) -> Service:
        place = ("-h", "127.0.0.1", "-p", str(self.dagster_port))
        command = (_script("dagster-webserver"), "-w", self._workspace(), *place)
        return Service("webserver", command, partial(answers, f"{self.endpoints.dagster}/server_info"))

    def daemon(self) -> Service:
        return Service("daemon", (_script("dagster-daemon"), "run", "-w", self._workspace()), lambda: True)

    def reloader(self) -> Service:
        command = (sys.executable, "-m", "kaireon_orch.orchestration.reload")
        return Service("reload", command, lambda: True)

    def run_server(self) -> Service:
        command = (sys.executable, "-m", "kaireon_orch.orchestration.run_server")
        return Service("run-server", command, lambda: True)

    def _workspace(self) -> str:
        return str(self.dagster_home / "workspace.yaml")


def _serve(plan: _Plan, group: Group, *, demo: bool) -> None:
    began = time.monotonic()
    typer.echo(f"Kaireon Orch starts on {plan.settings.home}")
    _migrate(plan.settings, group)
    group.start(plan.api())
    _make_storage(plan, group)
    group.start(plan.code_server())
    group.start(plan.run_server())
    _say_ready(group, "api", plan.endpoints.api)
    typer.echo(f"  {guard_words()}")
    told = group.begin("demo", (*_KAIREON, "demo"), shown=True) if demo else None
    _say_ready(group, "code-server", f"{CODE_SERVER_HOST}:{plan.code_server_port}")
    group.start(plan.webserver())
    group.start(plan.reloader())
    _say_ready(group, "webserver", plan.endpoints.dagster)
    group.start(plan.daemon())
    if told is not None and group.finish(told) != 0:
        typer.echo("The demo failed; what it said is above. The servers go on.")
    _announce(plan, time.monotonic() - began)
    while True:
        group.pass_time()


def _migrate(settings: Settings, group: Group) -> None:
    """A database server's registry is migrated here; the embedded one does it by itself when it is opened."""
    if settings.database_url is None:
        return
    typer.echo(f"  registry: {without_password(settings.registry_url)}")
    if group.finish(group.begin("migrate", (*_KAIREON, "migrate"), shown=True)) != 0:
        raise StartError("The registry could not be migrated; what it said is above.")


def _make_storage(plan: _Plan, group: Group) -> None:
    """Processes that start together on an empty storage race to make it, so it is made before them."""
    if dagster_home.has_storage(plan.dagster_home):
        return
    typer.echo("  Dagster's storage is being made …")
    if group.finish(group.begin("storage", (_script("dagster"), "instance", "migrate"))) != 0:
        raise StartError(f"Dagster's storage could not be made; see {group.logs / 'storage.log'}")
    dagster_home.mark_storage(plan.dagster_home)


def _say_ready(group: Group, name: str, where: str) -> None:
    seconds = group.wait_ready(name)
    typer.echo(f"  {name:<12} {where}  ready after {seconds:.1f} s")


def _announce(plan: _Plan, seconds: float) -> None:
    typer.echo(
        f"\nKaireon Orch is up after {seconds:.0f} s.\n"
        f"  API        {plan.endpoints.api}\n"
        f"  Dagster    {plan.endpoints.dagster}\n"
        f"  admin key  {plan.settings.home / 'admin.key'}\n"
        f"  logs       {plan.settings.home / 'logs'}\n"
        "Ctrl-C ends all of it."
    )


def _script(name: str) -> str:
    """A command of the same installation."""
    return str(Path(sys.executable).with_name(name))
