"""`kaireon api`: the API alone, in this process."""

from __future__ import annotations

import typer
import uvicorn

from api import logs
from api.protocol import EnvelopeProtocol
from kaireon_orch.cli.ports import is_free
from kaireon_orch.cli.registry import opened
from kaireon_orch.control import keys
from kaireon_orch.errors import SettingsError
from kaireon_orch.settings import load

GRACE_SECONDS = 30  # for requests in flight, of which a connection test is the longest


def serve_api() -> None:
    """Serve until a signal; the application is built by its own factory, as a deployment would build it.

    The first start makes the first admin key. Raises SettingsError where the port cannot be had.
    """
    settings = load()
    if not is_free(settings.api_host, settings.api_port):
        place = f"{settings.api_host}:{settings.api_port}"
        raise SettingsError(f"The API cannot listen at {place}; set KAIREON_API_HOST or KAIREON_API_PORT.")
    logs.configure(settings.log_format, settings.log_level)
    with opened(settings) as registry:
        made = keys.create_admin_key_file(registry)
    if made is not None:
        typer.echo(f"The first admin key is in {made}")
    uvicorn.run(
        "api.app:from_environment",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        http=EnvelopeProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
