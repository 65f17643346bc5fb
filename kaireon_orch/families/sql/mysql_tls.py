"""TLS of a connection that speaks MySQL's protocol: what is verified, and which identity is shown."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as url_quote

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    import socket

    from pydantic import SecretStr

    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.sql.libpq import Steps


@dataclass(slots=True)
class Tls:
    """The TLS of one connection, in the form that the driver calls; remembers that it was used, and whether verified."""

    context: ssl.SSLContext
    steps: Steps
    used: bool = False

    @property
    def verified(self) -> bool:
        return self.used and self.context.verify_mode is ssl.CERT_REQUIRED

    def wrap_socket(self, sock: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        """The driver's one call."""
        self.steps.passed("connect")
        wrapped = self.context.wrap_socket(sock, server_hostname=server_hostname)
        self.steps.passed("tls")
        self.used = True
        return wrapped


def opened(secret: SecretStr | None) -> str | None:
    """The secret's text."""
    return None if secret is None else secret.get_secret_value()


def connectorx_options(opening: Opening[Any], tls: Tls | None) -> str | None:
    """The end of a URL by which connectorx verifies what our own connection did; None where it cannot.

    It dials the judged address, so it can verify a name only where that address is the name. It knows no identity of
    ours, and of authorities only one that is given.
    """
    if tls is None or not tls.used:
        return "&ssl-mode=DISABLED"
    if getattr(opening.auth, "certificate", None):
        return None
    if not tls.verified:
        return "&ssl-mode=REQUIRED"
    authority = getattr(opening.auth, "ca_certificate", None)
    by_name = tls.context.check_hostname
    if not authority or (by_name and not is_address(opening.config.host)):
        return None
    path = url_quote(str(_write(opening.folder, "authority.pem", authority)), safe="/")
    return f"&ssl-mode={'VERIFY_IDENTITY' if by_name else 'VERIFY_CA'}&ssl-ca={path}"


def is_address(host: str) -> bool:
    """Whether the host is an address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def context(opening: Opening[Any], mode: str) -> ssl.SSLContext:
    """What TLS verifies: nothing below `verify-ca`, the chain there, and the name as well with `verify-full`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    verified = mode in {"verify-ca", "verify-full"}
    made.check_hostname = mode == "verify-full"
    made.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    authority = getattr(opening.auth, "ca_certificate", None)
    try:
        if verified and authority:
            made.load_verify_locations(cadata=authority)
        elif verified:
            made.load_default_certs()
        _load_identity(made, opening)
    except (ssl.SSLError, ValueError, OSError):
        raise Fault(
            FaultCode.TLS_FAILED,
            "A certificate or its key cannot be read: give PEM text, and the key's passphrase.",
        ) from None
    return made


def _load_identity(into: ssl.SSLContext, opening: Opening[Any]) -> None:
    certificate = getattr(opening.auth, "certificate", None)
    key = opened(getattr(opening.auth, "private_key", None))
    if not certificate or not key:
        return
    paths = [
        _write(opening.folder, name, pem) for name, pem in (("client.pem", certificate), ("client.key", key))
    ]
    passphrase = opened(getattr(opening.auth, "passphrase", None)) or ""
    into.load_cert_chain(paths[0], paths[1], lambda: passphrase)


def _write(folder: str, name: str, pem: str) -> Path:
    path = Path(folder) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)
    return path
