"""Ports of this machine: which are free, which answer."""

from __future__ import annotations

import socket
import urllib.request
from urllib.error import URLError

import typer

from kaireon_orch.errors import SettingsError

TRIES = 50
ANSWER_SECONDS = 1.0
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port(what: str, wanted: int, host: str = "127.0.0.1", taken: frozenset[int] = frozenset()) -> int:
    """`wanted`, or the next free one, which is said. Raises SettingsError when none is near."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in taken and is_free(host, port):
            if port != wanted:
                typer.echo(f"Port {wanted} is taken; {what} gets {port}.")
            return port
    raise SettingsError(f"No port from {wanted} on is free for {what}; name another.")


def accepts(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS):
            return True
    except OSError:
        return False


def answers(url: str) -> bool:
    """Whether a GET of the http URL gives 200."""
    try:
        with _NO_PROXY.open(url, timeout=ANSWER_SECONDS) as response:
            return bool(response.status == 200)  # noqa: PLR2004  OK
    except (URLError, OSError):
        return False


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
