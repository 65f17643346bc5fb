"""A certificate authority of the tests' own, and a server certificate by it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """`certificate`: a PEM file to trust."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @classmethod
    def below(cls, folder: Path) -> Authority:
        made = cls(folder, ec.generate_private_key(ec.SECP256R1()), _name("Tests"))
        ca = x509.BasicConstraints(ca=True, path_length=None)
        signed = _builder(made.name, made.name, made.key.public_key(), days=2).add_extension(
            ca, critical=True
        )
        made.certificate.write_bytes(_pem(signed.sign(made.key, hashes.SHA256())))
        return made

    @property
    def certificate(self) -> Path:
        return self.folder / "authority.pem"

    def context(self, *names: str, days: int = 2) -> ssl.SSLContext:
        """A server's TLS settings with a certificate for `names`, which ends `days` days after yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = _builder(_name(names[0]), self.name, key.public_key(), days=days)
        signed = builder.add_extension(alternatives, critical=False).sign(self.key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{names[0]}-{days}.pem"
        path.write_bytes(secret + _pem(signed))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    since = datetime.now(UTC) - timedelta(days=3)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=2 + days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    if name.replace(".", "").isdigit():
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
