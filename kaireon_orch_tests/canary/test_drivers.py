"""Each built driver fails with a secret in its hands, with every log at its loudest: the secret is kept nowhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from dagster import DagsterInstance

from kaireon_orch import settings
from kaireon_orch.control import probing, runs
from kaireon_orch.control.registry import Registry
from kaireon_orch.orchestration.building import definitions
from kaireon_orch_tests.canary.test_user_code import DEBUG, searched
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

WRONG = 'Wrong-Kestrel-/+"%&-55'
URL = quote("Url-Kestrel-/+%&-66", safe="")
ONCE = {"maxAttempts": 1}
TOKEN = "Token-Kestrel-77"
DEBUGGED = ("", "psycopg", "pymysql", "botocore", "urllib3", "httpcore", "httpx")


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose logs say everything; the drivers' own loggers too."""
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (home / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n" + DEBUG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIREON_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    monkeypatch.setenv("KAIREON_LOG_LEVEL", "debug")
    monkeypatch.setenv("KAIREON_DAGSTER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", "127.0.0.1")
    levels = {name: logging.getLogger(name).level for name in DEBUGGED}
    for name in DEBUGGED:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield home
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def plan(
    desk: Desk, postgres: PostgresServer, mariadb: MariadbServer
) -> tuple[dict[str, str], dict[str, str | None]]:
    """Names by pipelines' ids; what each one's run must end with: a code, `*` any, None in order."""
    made: dict[str, str] = {}
    expected: dict[str, str | None] = {}
    for kind, server in (("postgresql", postgres), ("mysql", mariadb)):
        config = {"host": server.host, "port": server.port, "database": "postgres", "sslMode": "disable"}
        if kind == "mysql":
            config["database"] = "mysql"
        good, bad = ({"username": server.user, "password": each} for each in (server.password, WRONG))
        cases: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str], str | None]] = {
            "well": ({}, good, {"query": "SELECT 1 AS id"}, None),
            "wrong": ({}, bad, {"query": "SELECT 1 AS id"}, "CREDENTIALS_REFUSED"),
            "refused": ({"port": free_port()}, bad, {"query": "SELECT 1 AS id"}, "REFUSED"),
            "untrusted": ({"sslMode": "verify-full"}, bad, {"query": "SELECT 1 AS id"}, "TLS_FAILED"),
            "query": ({}, good, {"query": "SELECT nothing FROM nowhere"}, "*"),
        }
        for case, (more, auth, source, code) in cases.items():
            name = f"{kind}_{case}"
            connector = desk.connector(name, kind, config | more, authMethod="password", authConfig=auth)
            made[desk.pipeline(name, connector, source=source, retries=ONCE).id] = name
            expected[name] = code
    for kind in ("csv", "json", "parquet", "avro", "excel"):
        place = {"url": f"http://user:{URL}@127.0.0.1:{free_port()}/rows.{kind}?token={TOKEN}"}
        made[desk.pipeline(kind, desk.connector(kind, kind, place), retries=ONCE).id] = kind
        expected[kind] = "*"
    keys = {"accessKeyId": "AKIAKESTREL", "secretAccessKey": WRONG}
    stream = {
        "region": "eu-central-1",
        "streamName": "birds",
        "endpoint": f"http://127.0.0.1:{free_port()}",
    }
    kinesis = desk.connector("kinesis", "amazon_kinesis", stream, authMethod="access_key", authConfig=keys)
    tested = probing.test_connector(desk.registry, OPERATOR, {"id": kinesis.id})
    assert not tested.success  # no pipeline reads it yet
    return made, expected


def test_no_driver_s_failure_leaves_a_secret(
    loud: Path, postgres: PostgresServer, mariadb: MariadbServer, capfd: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.open(settings.load())
    made, expected = plan(Desk(registry, loud / "files"), postgres, mariadb)
    with DagsterInstance.get() as instance:
        job = definitions().resolve_job_def("kaireon_assets")
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    ended = runs.list_page(registry, OPERATOR, limit=100).data
    codes = {made[run.pipeline_id]: run.error.code if run.error else None for run in ended}
    registry.close()
    assert {
        name: codes[name] if code == "*" and codes[name] else code for name, code in expected.items()
    } == codes
    out = capfd.readouterr()
    found = searched(loud, (out.out + out.err).encode())
    assert list(found.findings) == []
    assert found.areas["Dagster's storage"].places["rows"] > 100
