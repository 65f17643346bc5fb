"""Drivers: what a rogue server can get out of them, and what a tenant can make them do by odd values."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import pq

from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import kinesis, of_type, postgresql, preview, probe, tried
from kaireon_orch_tests.attacks.rogue import ANSWERS, refusal, rogue
from kaireon_orch_tests.families.http.certificates import Authority
from kaireon_orch_tests.servers.answering import answering

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.attacks.conftest import Tally
    from kaireon_orch_tests.attacks.rogue import Rogue

OURS = "planted-canary"
OPERATORS = "operators-canary"
LOGIN = {"username": "u", "password": OURS}


def allowing(*ports: int) -> Policy:
    return Policy(rules=parse_rules([f"127.0.0.1:{port}" for port in ports]))


def at(server: Rogue, auth: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    return postgresql("127.0.0.1", server.port, auth=LOGIN if auth is None else auth, **config)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.below(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def decoys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator whose environment and home are full of credentials; a program in it would leave `ran`."""
    home = tmp_path / "operator"
    (home / ".aws").mkdir(parents=True)
    (home / ".postgresql").mkdir()
    for name, text in {
        ".pgpass": f"*:*:*:*:{OPERATORS}\n",
        ".pg_service.conf": f"[decoy]\nhost=127.0.0.2\npassword={OPERATORS}\n",
        ".postgresql/postgresql.key": OPERATORS,
        ".postgresql/postgresql.crt": OPERATORS,
        ".aws/credentials": f"[default]\naws_access_key_id={OPERATORS}\naws_secret_access_key={OPERATORS}\n",
        ".aws/config": f"[default]\ncredential_process = touch {home / 'ran'}\nregion = eu-west-1\n",
        ".netrc": f"machine 127.0.0.1 login {OPERATORS} password {OPERATORS}\n",
    }.items():
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    for name in (
        "PGPASSWORD",
        "PGUSER",
        "PGDATABASE",
        "PGAPPNAME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.setenv(name, OPERATORS)
    for name, value in {
        "HOME": str(home),
        "PGHOST": "127.0.0.2",
        "PGHOSTADDR": "127.0.0.2",
        "PGPORT": "1",
        "PGSERVICE": "decoy",
        "PGSERVICEFILE": str(home / ".pg_service.conf"),
        "PGPASSFILE": str(home / ".pgpass"),
        "PGSSLKEY": str(home / ".postgresql/postgresql.key"),
        "PGSSLCERT": str(home / ".postgresql/postgresql.crt"),
        "PGSSLMODE": "disable",
        "PGOPTIONS": f"-c search_path={OPERATORS}",
        "PGREQUIREAUTH": "password",
        "AWS_SESSION_TOKEN": OPERATORS,
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_ENDPOINT_URL": "http://127.0.0.2:1",
        "HTTPS_PROXY": "http://127.0.0.2:1",
        "HTTP_PROXY": "http://127.0.0.2:1",
        "NETRC": str(home / ".netrc"),
    }.items():
        monkeypatch.setenv(name, value)
    return home


def test_a_rogue_server_gets_no_password(tally: Tally) -> None:
    modes: tuple[dict[str, Any], ...] = ({"sslMode": "disable"}, {"sslMode": "prefer"}, {})
    with ExitStack() as held:
        servers = {name: held.enter_context(rogue(answer)) for name, answer in ANSWERS.items()}
        tries = [probe(at(server, **mode)) for server in servers.values() for mode in modes]
        told = tried(*tries, policy=allowing(*(server.port for server in servers.values())))
        tally(len(tries))
        assert {one.code for one in told} <= {"CREDENTIALS_REFUSED", "REFUSED", "TLS_FAILED"}
        assert OURS not in str(told)
        for name, server in servers.items():
            assert OURS.encode() not in server.received, name
            assert server.visits >= len(modes), name


def test_a_certificate_that_nobody_checked_is_no_reason_to_send_it(authority: Authority) -> None:
    with rogue(context=authority.context("other.example")) as server:
        told = tried(probe(at(server, sslMode="require")), probe(at(server)), policy=allowing(server.port))
        assert {one.code for one in told} == {"CREDENTIALS_REFUSED"}
        assert OURS.encode() not in server.received


def test_names_and_authorities_of_certificates_are_checked(authority: Authority, tally: Tally) -> None:
    """Where the server is who it says, it may ask for clear text: that the rogue hears it shows that it listens."""
    trusting = LOGIN | {"caCertificate": authority.certificate.read_text()}
    cases = [
        ("verify-full", "127.0.0.1", trusting, "TLS_FAILED"),
        ("verify-full", "localhost", LOGIN, "TLS_FAILED"),
        ("verify-ca", "localhost", LOGIN, "TLS_FAILED"),
        ("verify-ca", "127.0.0.1", trusting, "REFUSED"),
        ("verify-full", "localhost", trusting, "REFUSED"),
    ]
    context = authority.context("localhost")
    with ExitStack() as held:
        servers = [held.enter_context(rogue(context=context)) for _ in cases]
        tries = [
            probe(postgresql(host, server.port, auth=auth, sslMode=mode))
            for server, (mode, host, auth, _) in zip(servers, cases, strict=True)
        ]
        told = tried(*tries, policy=allowing(*(server.port for server in servers)))
        tally(len(cases))
        assert [one.code for one in told] == [code for *_, code in cases]
        heard = [OURS.encode() in server.received for server in servers]
        assert heard == [code != "TLS_FAILED" for *_, code in cases]


def test_tls_is_not_negotiated_away(tally: Tally) -> None:
    modes = ("require", "verify-ca", "verify-full")
    with rogue() as server:
        told = tried(*(probe(at(server, sslMode=mode)) for mode in modes), policy=allowing(server.port))
        tally(len(modes))
        assert {one.code for one in told} == {"TLS_FAILED"}
        assert server.startups == []


def test_a_servers_words_are_not_ours(tally: Tally) -> None:
    codes = ("28P01", "3D000", "XX000", "C0000", "00000", '"; x', "", "\n", "ABCDE")
    with ExitStack() as held:
        words = f'{OPERATORS} password={OURS} C "42501"'
        servers = [held.enter_context(rogue(refusal(code, words))) for code in codes]
        tries = [probe(at(server, sslMode="disable")) for server in servers]
        told = tried(*tries, policy=allowing(*(server.port for server in servers)))
        tally(len(codes))
        assert all(server.startups for server in servers)
        assert "OK" not in {one.code for one in told}
        assert OPERATORS not in str(told)
        assert OURS not in str(told)


def test_nothing_of_the_operators_arrives(decoys: Path, authority: Authority, tally: Tally) -> None:
    """Neither from the environment nor from a home, whatever of the credentials is missing."""
    credentials: list[dict[str, Any]] = [
        {},
        {"username": "u"},
        {"password": ""},
        {"username": "u", "password": ""},
    ]
    context = authority.context("localhost")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority.certificate)
    with rogue(context=context) as tls, rogue(ANSWERS["md5"]) as plain:
        tries = [probe(at(tls, auth)) for auth in credentials]
        tries += [probe(at(plain, auth, sslMode="disable")) for auth in credentials]
        told = tried(*tries, policy=allowing(tls.port, plain.port))
        tally(len(tries))
        assert "OK" not in {one.code for one in told}
        assert OPERATORS.encode() not in tls.received + plain.received
        assert set(tls.certificates) == {None}
        assert plain.visits
        allowed = {"user", "database", "application_name", "client_encoding"}
        assert all(set(startup) <= allowed for startup in (*tls.startups, *plain.startups))


def test_a_client_certificate_is_the_tenants_or_none(decoys: Path, authority: Authority) -> None:
    context = authority.context("localhost")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority.certificate)
    with rogue(context=context) as server:
        of = at(server, {"username": "u"}, sslMode="require") | {"authMethod": "client_certificate"}
        (told,) = tried(probe(of), policy=allowing(server.port))
        assert told.code == "CREDENTIALS_REFUSED"
        assert server.certificates == [None]
        assert OPERATORS.encode() not in server.received


def test_nothing_of_the_operators_is_signed_with(decoys: Path, tally: Tally) -> None:
    halves: list[dict[str, Any] | None] = [None, {}, {"accessKeyId": "AKIA"}, {"secretAccessKey": OURS}]
    with answering() as server:
        tries = [probe(kinesis(server.url) | {"auth": auth}) for auth in halves]
        whole = probe(kinesis(server.url))
        told = tried(*tries, whole, policy=allowing(int(server.url.rpartition(":")[2])))
        tally(len(tries))
        assert [one.code for one in told[1:4]] == ["CREDENTIALS_REFUSED"] * 3
        assert OPERATORS not in str(server.__dict__)
    assert not (decoys / "ran").exists()
    assert OPERATORS not in str(told)


LIBPQ = sorted(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def test_no_option_of_libpq_is_a_field(tally: Tally) -> None:
    """Whatever this libpq knows: what is no field of the type does not pass, nor does it in what is a pipeline's."""
    known = {"host", "port", "user", "password", "dbname", "sslmode"}
    options = [name for name in LIBPQ if name not in known]
    assert {"passfile", "service", "sslkey", "options", "hostaddr", "sslkeylogfile"} & set(options)
    with rogue() as server:
        tries = [probe(at(server, None, **{name: "/etc/passwd"})) for name in options]
        tries += [probe(at(server, LOGIN | {name: "/etc/passwd"})) for name in options]
        tries += [preview(at(server), table="t", **{name: "x"}) for name in options]
        told = tried(*tries, policy=allowing(server.port))
        tally(len(tries))
        assert {one.code for one in told} == {"MISSING_FIELDS"}
        assert server.visits == 0


HOSTS = (
    *("127.0.0.1,127.0.0.1", "/tmp", "/var/run/postgresql", "@abstract", "127.0.0.1 port={evil}"),  # noqa: S108  a place of sockets
    *(
        "127.0.0.1 hostaddr=127.0.0.1",
        "127.0.0.1' port='{evil}",
        "127.0.0.1\\' port={evil}",
        "127.0.0.1?port={evil}",
    ),
    *(
        "postgresql://127.0.0.1:{evil}/x",
        "host=127.0.0.1",
        "service=decoy",
        "127.0.0.1:{evil}",
        "[127.0.0.1]",
    ),
    *(
        "127.0.0.1\nport={evil}",
        "127.0.0.1\x00",
        "localhost,127.0.0.1",
        "127.0.0.1;",
        "%2Ftmp",
        "",
        " ",
        "\\\\evil\\x",
    ),
)


def test_a_host_is_one_host(tally: Tally) -> None:
    with rogue() as server, rogue() as evil:
        hosts = [host.format(evil=evil.port) for host in HOSTS]
        told = tried(
            *(probe(postgresql(host, server.port, auth=LOGIN)) for host in hosts),
            policy=allowing(server.port, evil.port),
        )
        tally(len(hosts))
        for host, one in zip(hosts, told, strict=True):
            assert one.code in {"ADDRESS_BLOCKED", "MISSING_FIELDS"}, (host, one)
        assert (server.visits, evil.visits) == (0, 0)


VALUES = (
    *("x host=127.0.0.1 port={evil}", "host=127.0.0.1 port={evil}", "postgresql://127.0.0.1:{evil}/x"),
    *(
        "x' port='{evil}",
        "x\\' port='{evil}",
        "x\\",
        "x'",
        "\\\\' port={evil} '",
        "x?port={evil}",
        "x\tport={evil}",
    ),
    *("x\nport={evil}", "x;port={evil}", "ünï 'q' \\b", "$(id)", "%s%n", "service=decoy", "=", "'"),
)


def test_values_arrive_as_they_are_and_as_nothing_else(tally: Tally) -> None:
    """Quotes, backslashes, line breaks and whole connection strings in a name are a name."""
    with rogue(refusal("28P01", "no")) as server, rogue() as evil:
        values = [value.format(evil=evil.port) for value in VALUES]
        printable = [value for value in values if value.isprintable()]
        tries = [probe(at(server, database=value, sslMode="disable")) for value in printable]
        tries += [probe(at(server, LOGIN | {"username": value}, sslMode="disable")) for value in printable]
        tries += [probe(at(server, LOGIN | {"password": value}, sslMode="disable")) for value in values]
        told = tried(*tries, policy=allowing(server.port, evil.port))
        tally(len(tries))
        assert {one.code for one in told} == {"CREDENTIALS_REFUSED"}
        assert evil.visits == 0
        assert server.visits == len(tries)
        seen = [(startup["database"], startup["user"]) for startup in server.startups]
        plain = [("shop", "u")] * len(values)
        expected = [*((value, "u") for value in printable), *(("shop", value) for value in printable), *plain]
        assert sorted(seen) == sorted(expected)


def test_nul_ends_no_value_early(tally: Tally) -> None:
    with rogue() as server:
        tries = [
            probe(at(server, database="shop\x00 host=x")),
            probe(at(server, LOGIN | {"username": "u\x00database\x00other"})),
            probe(at(server, LOGIN | {"password": f"{OURS}\x00"})),
            probe(at(server, LOGIN | {"caCertificate": "\x00"}, sslMode="verify-full")),
        ]
        told = tried(*tries, policy=allowing(server.port))
        tally(len(tries))
        assert "OK" not in {one.code for one in told}
        assert all(startup.get("database") == "shop" for startup in server.startups)
        assert OURS not in str(told)


def test_a_certificate_is_text_and_no_path(tally: Tally) -> None:
    texts = (
        "/etc/passwd",
        "file:///etc/passwd",
        "system",
        "no certificate",
        "-----BEGIN CERTIFICATE-----",
        "",
    )
    with rogue() as server:
        auths = [LOGIN | {"caCertificate": text} for text in texts]
        told = tried(
            *(probe(at(server, auth, sslMode="verify-full")) for auth in auths), policy=allowing(server.port)
        )
        tally(len(texts))
        assert {one.code for one in told} <= {"TLS_FAILED", "REFUSED"}
        assert server.startups == []


KINESIS = (
    *("https://user:pw@127.0.0.1:{port}", "http://127.0.0.1:{port}#x", "http://127.0.0.1:{port}?x=1"),
    *("http://127.0.0.1:{port}\\@evil.example", "ftp://127.0.0.1:{port}", "http://[127.0.0.1]:{port}"),
)


def test_an_endpoint_is_rebuilt_or_refused(tally: Tally) -> None:
    with answering() as server:
        port = server.url.rpartition(":")[2]
        tries = [probe(kinesis(endpoint.format(port=port))) for endpoint in KINESIS]
        tries += [
            probe(kinesis(server.url, region=region)) for region in ("x.evil.test/", "eu-1#", "../x", "EU")
        ]
        tries += [
            probe(of_type("amazon_kinesis", auth, "access_key", **kinesis(server.url)["config"]))
            for auth in (
                {"accessKeyId": "A\r\nX-Evil: 1", "secretAccessKey": OURS},
                {"accessKeyId": "A", "secretAccessKey": OURS, "sessionToken": "t\r\nX-Evil: 1"},
                {"accessKeyId": "A", "secretAccessKey": OURS, "profile_name": "default"},
            )
        ]
        told = tried(*tries, policy=allowing(int(port)))
        tally(len(tries))
        assert "OK" not in {one.code for one in told}
        assert "X-Evil" not in str(server.__dict__)
        assert OURS not in str(told)
