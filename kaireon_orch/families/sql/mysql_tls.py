"""TLS of a connection that speaks MySQL's protocol: what is verified, and which identity is shown."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
