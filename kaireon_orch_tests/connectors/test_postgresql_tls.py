"""PostgreSQL behind TLS: what each mode verifies, and what an unverified server does not get."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from kaireon_orch import catalogue
from kaireon_orch.contract.door import Peer
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.libpq import ssl_mode
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.worker.opening import opening
from kaireon_orch_tests.families.http.certificates import Authority
from kaireon_orch_tests.movement.ends import Ends, connector
from kaireon_orch_tests.servers.postgres import PostgresServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.below(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[PostgresServer]:
    """A server whose certificate is for `localhost` alone."""
    authority.context("localhost")
    with running(authority.folder / "localhost-2.pem") as started:
        yield started


def probe(
    tmp_path: Path, server: PostgresServer, config: dict[str, Any], ca: str | None = None
) -> list[tuple[str, bool | None]]:
    ends = LocalEnds(tmp_path, server, "postgres")
    of = ends.postgresql(**({} if ca is None else {"caCertificate": ca}))
    of["config"] |= config
    with closing(catalogue.source("postgresql")(opening(ends.job({}), of))) as source:
        return [(check.name, check.ok) for check in source.probe()]


class LocalEnds(Ends):
    """Allows the server by name too."""

    def policy(self) -> Policy:
        port = self.postgres.port
        return Policy(rules=parse_rules([f"127.0.0.1:{port}", f"localhost:{port}"]))


STEPS = [("resolve", True), ("connect", True), ("tls", True), ("login", True), ("query", True)]


@pytest.mark.parametrize("config", [{}, {"sslMode": "prefer"}, {"sslMode": "require"}])
def test_an_encrypted_login_needs_no_certificate_where_none_is_asked_for(
    tmp_path: Path, server: PostgresServer, config: dict[str, Any]
) -> None:
    assert probe(tmp_path, server, config) == STEPS


def test_disable_does_without(tmp_path: Path, server: PostgresServer) -> None:
    assert ("tls", None) in probe(tmp_path, server, {"sslMode": "disable"})


def test_a_given_authority_verifies(tmp_path: Path, server: PostgresServer, authority: Authority) -> None:
    ca = authority.certificate.read_text()
    assert probe(tmp_path, server, {"sslMode": "verify-full", "host": "localhost"}, ca) == STEPS
    assert probe(tmp_path, server, {"sslMode": "verify-ca"}, ca) == STEPS


@pytest.mark.parametrize(
    ("config", "with_ca"),
    [
        ({"sslMode": "verify-full"}, True),  # the certificate names localhost, not 127.0.0.1
        ({"sslMode": "verify-full", "host": "localhost"}, False),  # nobody knows the authority
        ({"sslMode": "verify-ca"}, False),
    ],
)
def test_what_does_not_verify_fails_at_tls(
    tmp_path: Path, server: PostgresServer, authority: Authority, config: dict[str, Any], with_ca: bool
) -> None:
    with pytest.raises(Fault) as caught:
        probe(tmp_path, server, config, authority.certificate.read_text() if with_ca else None)
    assert caught.value.fault is FaultCode.TLS_FAILED


def test_another_authority_does_not_verify(tmp_path: Path, server: PostgresServer) -> None:
    other = tmp_path / "other"
    other.mkdir()
    ca = Authority.below(other).certificate.read_text()
    with pytest.raises(Fault) as caught:
        probe(tmp_path, server, {"sslMode": "verify-ca"}, ca)
    assert caught.value.fault is FaultCode.TLS_FAILED


def test_the_mode_follows_the_address_where_none_is_given() -> None:
    assert ssl_mode(None, Peer("db", 5432, ("10.0.0.1",))) == "prefer"
    assert ssl_mode(None, Peer("db", 5432, ("10.0.0.1", "93.184.216.34"))) == "verify-full"
    assert ssl_mode("disable", Peer("db", 5432, ("93.184.216.34",))) == "disable"


def test_a_rogue_server_does_not_get_the_password(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_rogue, args=(listener, heard))
        thread.start()
        rogue = PostgresServer(
            "127.0.0.1", listener.getsockname()[1], "u", "Planted-Canary-9", tmp_path / "log"
        )
        with pytest.raises(Fault) as caught:
            probe(tmp_path, rogue, {"sslMode": "prefer"})
        thread.join(10)
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED
    assert heard
    assert b"Canary" not in b"".join(heard)


@pytest.fixture(scope="module")
def certified(server: PostgresServer, authority: Authority) -> dict[str, str]:
    """The credentials of a user whom the server knows by a certificate alone."""
    authority.context("certified")
    trusted = server.log.parent / "clients.pem"
    trusted.write_bytes(authority.certificate.read_bytes())
    trusted.chmod(0o644)
    rules = server.log.parent / "data" / "pg_hba.conf"
    rules.write_text("hostssl all certified 127.0.0.1/32 cert\nhost all all 127.0.0.1/32 scram-sha-256\n")
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE certified LOGIN SUPERUSER")
        connection.execute(sql.SQL("ALTER SYSTEM SET ssl_ca_file = {}").format(str(trusted)))
        connection.execute("SELECT pg_reload_conf()")
    key, mark, certificate = (authority.folder / "certified-2.pem").read_text().partition("-----BEGIN CERT")
    return {"username": "certified", "certificate": mark + certificate, "privateKey": key}


def test_a_certificate_logs_in_at_both_ends(
    tmp_path: Path, server: PostgresServer, authority: Authority, certified: dict[str, str]
) -> None:
    ends = LocalEnds(tmp_path, server, "postgres")
    auth = {**certified, "caCertificate": authority.certificate.read_text()}
    config = {"host": "localhost", "port": server.port, "database": "postgres", "sslMode": "verify-full"}
    of = connector("postgresql", config, "client_certificate", auth)
    who = "SELECT session_user::text AS who"
    ends.run(of, of, source={"query": who}, table="as_bytes")
    ends.run(of, of, source={"query": who}, table="as_arrow", columns={"mask": {"who": {"keepLast": 2}}})
    assert ends.in_postgres("SELECT b.who, a.who FROM as_bytes b, as_arrow a") == [("certified", "*******ed")]


def test_a_certificate_of_somebody_else_is_refused(
    tmp_path: Path, server: PostgresServer, authority: Authority, certified: dict[str, str]
) -> None:
    ends = LocalEnds(tmp_path, server, "postgres")
    authority.context("stranger")
    key, mark, certificate = (authority.folder / "stranger-2.pem").read_text().partition("-----BEGIN CERT")
    auth = {**certified, "certificate": mark + certificate, "privateKey": key}
    config = {"host": "127.0.0.1", "port": server.port, "database": "postgres", "sslMode": "require"}
    with pytest.raises(Fault) as caught:
        ends.rows(connector("postgresql", config, "client_certificate", auth), query="SELECT 1 AS a")
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED


def _rogue(listener: socket.socket, heard: list[bytes]) -> None:
    """Refuses TLS, then asks for the password in clear text (AuthenticationCleartextPassword)."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        heard.append(connection.recv(8))
        connection.sendall(b"N")
        heard.append(connection.recv(4096))
        connection.sendall(b"R" + struct.pack("!ii", 8, 3))
        heard.append(connection.recv(4096))
