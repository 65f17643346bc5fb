"""MySQL, with a MariaDB that stands in for it: logins, TLS, rights, rogue servers, and that the type is wired up."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_errors, mysql_ranges, mysql_session, mysql_tls
from kaireon_orch.worker.opening import opening
from kaireon_orch_tests.connectors.mysql_ends import MyEnds
from kaireon_orch_tests.families.http.certificates import Authority
from kaireon_orch_tests.servers.mariadb import PASSWORD, MariadbServer, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kaireon_orch_tests.servers.postgres import PostgresServer


@pytest.fixture
def ours(my: MyEnds) -> MyEnds:
    my.type = "mysql"
    return my


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.below(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def encrypted(authority: Authority) -> Iterator[MariadbServer]:
    """A server whose certificate is for `localhost` alone."""
    authority.context("localhost")
    with running(authority.folder / "localhost-2.pem") as started:
        yield started


@pytest.fixture
def tls(tmp_path: Path, postgres: PostgresServer, encrypted: MariadbServer) -> MyEnds:
    return MyEnds(tmp_path, postgres, "postgres", mariadb=encrypted, own=encrypted.database(), type="mysql")


def steps(my: MyEnds, ca: str | None = None, **config: Any) -> list[tuple[str, bool | None]]:
    of = my.my(**config)
    if ca is not None:
        of["auth"]["caCertificate"] = ca
    return [(check.name, check.ok) for check in my.checks(of)]


STEPS = [("resolve", True), ("connect", True), ("tls", True), ("login", True), ("query", True)]


def test_rows_go_through(ours: MyEnds) -> None:
    ours.sql("CREATE TABLE src (id INT PRIMARY KEY, c VARCHAR(9))", "INSERT INTO src VALUES (1, 'é😀')")
    loaded = ours.run(ours.my(), ours.my(), source={"table": "src"}, schema=None)
    assert loaded["rowsLoaded"] == 1
    assert ours.rows(ours.my(), table="t") == [{"id": 1, "c": "é😀"}]


def test_probe_steps(ours: MyEnds) -> None:
    ours.sql("CREATE TABLE src (a INT)")
    assert steps(ours, sourceTable="src") == [
        *[step if step[0] != "tls" else ("tls", None) for step in STEPS],
        ("object", True),
    ]


def test_a_probe_without_credentials_ends_after_connecting(ours: MyEnds) -> None:
    of = ours.my()
    of["auth"] = None
    assert [(check.name, check.ok) for check in ours.checks(of)] == [*STEPS[:2], ("login", None)]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"password": "Wrong-Canary-1"}, FaultCode.CREDENTIALS_REFUSED),
        ({"password": ""}, FaultCode.CREDENTIALS_REFUSED),
        ({"username": "nobody"}, FaultCode.CREDENTIALS_REFUSED),
        ({"database": "no_such_db"}, FaultCode.OBJECT_MISSING),
        ({"sslMode": "require"}, FaultCode.TLS_FAILED),
        ({"sslMode": "verify-full"}, FaultCode.TLS_FAILED),
        ({"sourceTable": "nope"}, FaultCode.OBJECT_MISSING),
        ({"sourceTable": "a.b.c"}, FaultCode.OBJECT_MISSING),
        ({"host": "127.0.0.2"}, FaultCode.ADDRESS_BLOCKED),
    ],
)
def test_faults_of_a_probe(ours: MyEnds, config: dict[str, Any], code: FaultCode) -> None:
    with pytest.raises(Fault) as caught:
        steps(ours, **config)
    assert caught.value.fault is code
    assert "Canary" not in caught.value.message


def test_nobody_listens(ours: MyEnds) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    ends = _at(ours, port)
    with pytest.raises(Fault) as caught:
        steps(ends)
    assert caught.value.fault is FaultCode.REFUSED


def test_rights(ours: MyEnds) -> None:
    ours.sql(
        "CREATE TABLE src (a INT)",
        "CREATE TABLE other (a INT)",
        "CREATE OR REPLACE USER reader IDENTIFIED BY 'Reader-1'",
        f"GRANT SELECT ON {ours.own}.other TO reader",
    )
    who = {"username": "reader", "password": "Reader-1"}
    with pytest.raises(Fault) as caught:
        steps(ours, sourceTable="src", **who)
    assert caught.value.fault is FaultCode.NOT_PERMITTED
    with pytest.raises(Fault) as caught:
        ours.rows(ours.my(**who), table="src")
    assert caught.value.fault is FaultCode.NOT_PERMITTED
    assert set(ours.streams(ours.my(**who))) == {"other"}
    with pytest.raises(Fault) as caught:
        ours.run(ours.my(), ours.my(**who), source={"table": "src"}, schema=None)
    assert caught.value.fault is FaultCode.NOT_PERMITTED


def test_no_right_to_a_database(ours: MyEnds) -> None:
    ours.sql("CREATE OR REPLACE USER outsider IDENTIFIED BY 'Out-1'")
    with pytest.raises(Fault) as caught:
        steps(ours, username="outsider", password="Out-1")
    assert caught.value.fault is FaultCode.NOT_PERMITTED


def test_too_many_connections_are_a_busy_server(ours: MyEnds) -> None:
    ours.sql(
        "CREATE OR REPLACE USER few IDENTIFIED BY 'Few-1' WITH MAX_USER_CONNECTIONS 1",
        f"GRANT SELECT ON {ours.own}.* TO few",
        "CREATE TABLE src (a INT)",
    )
    of = ours.my(username="few", password="Few-1")
    with closing(ours.opened(of)) as source:
        list(source.streams())
        ours.rows(of, table="src")
        held = ours.opened(of)
        with closing(held):
            held._fresh()  # type: ignore[attr-defined]
            with pytest.raises(Fault) as caught:
                ours.checks(of)
    assert caught.value.fault is FaultCode.BUSY


@pytest.mark.parametrize("config", [{}, {"sslMode": "prefer"}, {"sslMode": "require"}])
def test_an_encrypted_login_needs_no_certificate_where_none_is_asked_for(
    tls: MyEnds, config: dict[str, Any]
) -> None:
    assert steps(tls, **config) == STEPS


def test_disable_does_without(tls: MyEnds) -> None:
    assert ("tls", None) in steps(tls, sslMode="disable")


def test_a_given_authority_verifies(tls: MyEnds, authority: Authority) -> None:
    ca = authority.certificate.read_text()
    assert steps(tls, ca, sslMode="verify-full", host="localhost") == STEPS
    assert steps(tls, ca, sslMode="verify-ca") == STEPS


@pytest.mark.parametrize(
    ("config", "with_ca"),
    [
        ({"sslMode": "verify-full"}, True),  # the certificate names localhost, not 127.0.0.1
        ({"sslMode": "verify-full", "host": "localhost"}, False),  # nobody knows the authority
        ({"sslMode": "verify-ca"}, False),
    ],
)
def test_what_does_not_verify_fails_at_tls(
    tls: MyEnds, authority: Authority, config: dict[str, Any], with_ca: bool
) -> None:
    with pytest.raises(Fault) as caught:
        steps(tls, authority.certificate.read_text() if with_ca else None, **config)
    assert caught.value.fault is FaultCode.TLS_FAILED


@pytest.mark.parametrize(
    ("config", "with_ca", "in_ranges"),
    [
        ({"sslMode": "prefer"}, False, True),
        ({"sslMode": "require"}, True, True),
        ({"sslMode": "verify-ca"}, True, True),
        ({"sslMode": "verify-full", "host": "localhost"}, True, False),
    ],
)
def test_rows_come_over_tls_in_ranges_where_each_connection_verifies_as_much(
    tls: MyEnds,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    with_ca: bool,
    in_ranges: bool,
) -> None:
    tls.sql(
        "CREATE TABLE src (id INT PRIMARY KEY)",
        "INSERT INTO src VALUES (1), (2)",
        "CREATE OR REPLACE USER tlsonly IDENTIFIED BY 'Tls-1' REQUIRE SSL",
        f"GRANT ALL ON {tls.own}.* TO tlsonly",
    )
    of = tls.my(username="tlsonly", password="Tls-1", **config)
    if with_ca:
        of["auth"]["caCertificate"] = authority.certificate.read_text()
    if in_ranges:
        monkeypatch.delattr(mysql_ranges, "streamed")  # it would hide that the fast way failed
    assert tls.rows(of, table="src") == [{"id": 1}, {"id": 2}]


@pytest.mark.full
def test_a_range_by_another_authority_is_not_read(tls: MyEnds, authority: Authority, tmp_path: Path) -> None:
    """What connectorx is told to verify, it does."""
    of = tls.my(sslMode="verify-ca")
    of["auth"]["caCertificate"] = authority.certificate.read_text()
    opened = opening(tls.job({}), of)
    with mysql_session.connected(opened) as session:
        options = mysql_tls.connectorx_options(opened, session.tls)
    assert options is not None
    (tmp_path / "other").mkdir()
    other = Authority.below(tmp_path / "other").certificate
    given = options.partition("&ssl-ca=")[0] + f"&ssl-ca={other}"
    server, password = tls.mariadb, quote(tls.mariadb.password, safe="")
    url = f"mysql://{server.user}:{password}@{server.host}:{server.port}/{tls.own}?prefer_socket=false"
    ranges = mysql_ranges.Ranges(url + given, "src", "id", "", None, ())
    assert ranges._fast("SELECT 1 AS a") is None


def test_an_account_that_demands_tls(tls: MyEnds) -> None:
    tls.sql(
        "CREATE OR REPLACE USER tlsonly IDENTIFIED BY 'Tls-1' REQUIRE SSL",
        f"GRANT ALL ON {tls.own}.* TO tlsonly",
    )
    assert steps(tls, username="tlsonly", password="Tls-1") == STEPS
    with pytest.raises(Fault) as caught:
        steps(tls, username="tlsonly", password="Tls-1", sslMode="disable")
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED


def test_a_certificate_that_is_none(tls: MyEnds) -> None:
    with pytest.raises(Fault) as caught:
        steps(tls, "no certificate", sslMode="verify-ca")
    assert caught.value.fault is FaultCode.TLS_FAILED


def _at(my: MyEnds, port: int) -> MyEnds:
    """The same ends, with whatever listens at `port` for a server."""
    server = MariadbServer("127.0.0.1", port, "u", PASSWORD, my.folder / "log")
    return MyEnds(my.folder, my.postgres, my.database, mariadb=server, own="d", type="mysql")


SALT = b"abcdefgh", b"ijklmnopqrst"


def packet(body: bytes, sequence: int) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes([sequence]) + body


def greeting(plugin: bytes) -> bytes:
    """Protocol 10 without TLS, with authentication plugins."""
    flags = 0xFFFF & ~0x0800, 0x0008 | 0x0001 | 0x0002
    head = b"\x0a8.0.36\0" + struct.pack("<I", 7) + SALT[0] + b"\0"
    middle = struct.pack("<HBHH", flags[0], 45, 2, flags[1]) + b"\x15" + b"\0" * 10
    return packet(head + middle + SALT[1] + b"\0" + plugin + b"\0", 0)


OK = b"\0\0\0\x02\0\0\0"


def switch(plugin: bytes) -> bytes:
    return b"\xfe" + plugin + b"\0" + b"".join(SALT) + b"\0"


@contextmanager
def rogue(talk: Callable[[socket.socket, list[bytes]], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that talks as told; what it heard."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                talk(connection, heard)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(10)


def hear(connection: socket.socket, heard: list[bytes]) -> int:
    """The next packet; the sequence number of an answer to it."""
    data = connection.recv(65_536)
    heard.append(data)
    return data[3] + 1 if len(data) > 3 else 0


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog", b"sha256_password"])
def test_a_rogue_server_does_not_get_the_password(ours: MyEnds, plugin: bytes) -> None:
    def talk(connection: socket.socket, heard: list[bytes]) -> None:
        connection.sendall(greeting(b"mysql_native_password"))
        sequence = hear(connection, heard)
        body = switch(plugin) if plugin != b"dialog" else b"\xfedialog\0\x04Password:"
        connection.sendall(packet(body, sequence))
        sequence = hear(connection, heard)
        connection.sendall(packet(b"\x01-----BEGIN PUBLIC KEY-----", sequence))
        hear(connection, heard)

    with rogue(talk) as (port, heard), pytest.raises(Fault) as caught:
        steps(_at(ours, port))
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED
    assert heard[0]
    assert not b"".join(heard[1:])
    assert PASSWORD.encode() not in b"".join(heard)


def test_caching_sha2_shows_a_digest_but_never_the_password(ours: MyEnds) -> None:
    """MySQL 8's own plugin without TLS: a digest is enough where the server has it cached; else TLS is needed."""

    def talk(connection: socket.socket, heard: list[bytes]) -> None:
        connection.sendall(greeting(b"mysql_native_password"))
        sequence = hear(connection, heard)
        connection.sendall(packet(switch(b"caching_sha2_password"), sequence))
        sequence = hear(connection, heard)
        connection.sendall(packet(b"\x01\x04", sequence))  # asks for the password itself
        hear(connection, heard)

    with rogue(talk) as (port, heard), pytest.raises(Fault) as caught:
        steps(_at(ours, port))
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED
    once = hashlib.sha256(PASSWORD.encode()).digest()
    twice = hashlib.sha256(hashlib.sha256(once).digest() + b"".join(SALT)).digest()
    assert heard[1][4:] == bytes(a ^ b for a, b in zip(once, twice, strict=True))
    assert not b"".join(heard[2:])


def test_a_rogue_server_gets_no_file(ours: MyEnds) -> None:
    planted = ours.folder / "planted.txt"
    planted.write_text("Planted-Canary-9")

    def talk(connection: socket.socket, heard: list[bytes]) -> None:
        connection.sendall(greeting(b"mysql_native_password"))
        connection.sendall(packet(OK, hear(connection, heard)))
        while True:
            sequence = hear(connection, heard)
            if not heard[-1]:
                return
            asked = heard[-1][4:8].upper()
            connection.sendall(packet(OK if asked.startswith(b"SET") else b"\xfb" + str(planted).encode(), 1))
            if not asked.startswith(b"SET"):
                hear(connection, heard)
                return
            assert sequence

    for doing in (steps, lambda ends: ends.rows(ends.my(), query="SELECT 1 AS a")):
        with rogue(talk) as (port, heard), pytest.raises(Fault) as caught:
            doing(_at(ours, port))
        assert caught.value.fault is FaultCode.UNEXPECTED
        assert b"Canary" not in b"".join(heard)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 40, b"\x01\0\0\0\x0a"])
def test_what_is_no_mysql_server(ours: MyEnds, said: bytes) -> None:
    def talk(connection: socket.socket, heard: list[bytes]) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        hear(connection, heard)

    with rogue(talk) as (port, _), pytest.raises(Fault) as caught:
        steps(_at(ours, port))
    assert caught.value.fault is FaultCode.UNEXPECTED


def test_nothing_of_the_machine_steers_the_login(ours: MyEnds, monkeypatch: pytest.MonkeyPatch) -> None:
    home = ours.folder / "home"
    home.mkdir()
    (home / ".my.cnf").write_text(f"[client]\nuser={ours.mariadb.user}\npassword={PASSWORD}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MYSQL_PWD", PASSWORD)
    with pytest.raises(Fault) as caught:
        steps(ours, password="")
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED


def test_no_error_number_has_two_meanings() -> None:
    numbers = [number for numbers, _, _ in mysql_errors._TABLE for number in numbers]
    assert len(numbers) == len(set(numbers))


def test_mysqls_own_json_and_uuid_stay_text(ours: MyEnds) -> None:
    """The server says what it is; of MySQL itself nothing is to be had here but its version's name."""
    target = catalogue.target("mysql")(opening(ours.job({}), ours.my()))
    with closing(target):
        target._mariadb = False  # type: ignore[attr-defined]
        assert target.stored(pa.field("a", pa.json_())).type == pa.string()
        assert target.stored(pa.field("a", pa.uuid())).type == pa.string()
