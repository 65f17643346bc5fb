"""The connection test of Kinesis in a real guarded child, against a server that checks signatures and rights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import settings
from kaireon_orch.control import connectors, probing
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Fault, FaultCode, InvalidInput
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.servers.answering import Answer, answering
from kaireon_orch_tests.servers.moto import REGION
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kaireon_orch_tests.servers.moto import Keys, MotoServer

SECRET = "planted-secret-access-key"
PLANTED = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": SECRET}
STREAM = "orders"


@pytest.fixture(scope="module")
def reader(moto: MotoServer) -> Keys:
    """A user who may describe streams, of which there is one."""
    moto.client("kinesis").create_stream(StreamName=STREAM, ShardCount=2)
    return moto.user("kinesis-reader", ["kinesis:DescribeStreamSummary"])


@pytest.fixture(scope="module")
def outsider(moto: MotoServer) -> Keys:
    return moto.user("kinesis-outsider", [])


class Probe:
    """One probe in a child that may reach one loopback port: its checks, and the fault that ended it."""

    def __init__(
        self,
        endpoint: str,
        auth: Mapping[str, str] | None,
        *,
        allow: str | None = None,
        method: str = "access_key",
        deadline: float = 30,
        **config: str,
    ) -> None:
        self.checks: list[dict[str, Any]] = []
        self.fault: Fault | None = None
        known = {"streamName": STREAM, "region": REGION, "endpoint": endpoint, **config}
        connector = {"type": "amazon_kinesis", "config": known, "authMethod": method, "auth": auth}
        rules = [allow if allow is not None else endpoint.partition("://")[2]]
        try:
            run_job(
                "probe",
                {"connector": connector},
                policy=Policy(rules=parse_rules([rule for rule in rules if rule])),
                deadline=deadline,
                on_event=lambda event: self.checks.append(event["check"]),
                on_deadline=FaultCode.TIMED_OUT,
            )
        except Fault as fault:
            self.fault = fault

    @property
    def code(self) -> str:
        return self.fault.code if self.fault else "OK"

    @property
    def steps(self) -> list[tuple[str, bool | None]]:
        return [(check["name"], check["ok"]) for check in self.checks]


REACHED: list[tuple[str, bool | None]] = [("resolve", True), ("connect", True)]


def test_a_stream_is_described(moto: MotoServer, reader: Keys) -> None:
    probe = Probe(moto.url, reader.auth())
    assert probe.code == "OK", probe.fault
    assert probe.steps == [*REACHED, ("login", True), ("object", True)]
    assert probe.checks[-1]["message"] == "The stream is there; open shards: 2."


def test_a_wrong_secret_is_told_from_an_unknown_key(moto: MotoServer, reader: Keys) -> None:
    wrong = Probe(moto.url, reader.auth() | {"secretAccessKey": SECRET})
    unknown = Probe(moto.url, PLANTED)
    assert (wrong.code, unknown.code) == ("CREDENTIALS_REFUSED", "CREDENTIALS_REFUSED")
    assert wrong.steps == unknown.steps == [*REACHED, ("login", False)]
    assert wrong.checks[-1]["message"] != unknown.checks[-1]["message"]
    assert SECRET not in json.dumps([wrong.checks, unknown.checks])


def test_without_the_right_the_login_still_counts(moto: MotoServer, outsider: Keys) -> None:
    probe = Probe(moto.url, outsider.auth())
    assert probe.code == "NOT_PERMITTED"
    assert probe.steps == [*REACHED, ("login", True), ("permission", False)]


def test_a_missing_stream(moto: MotoServer, reader: Keys) -> None:
    probe = Probe(moto.url, reader.auth(), streamName="none")
    assert probe.code == "OBJECT_MISSING"
    assert probe.steps == [*REACHED, ("login", True), ("object", False)]


def test_without_credentials_the_endpoint_is_reached_and_no_more(moto: MotoServer) -> None:
    probe = Probe(moto.url, None)
    assert probe.code == "OK"
    assert probe.steps == [*REACHED, ("login", None)]


@pytest.mark.parametrize("region", ["eu_central", "eu-central-1.evil.test", "-eu-central-1", "EU"])
def test_a_region_is_refused_by_its_spelling(region: str) -> None:
    with answering() as server:
        probe = Probe(server.url, PLANTED, region=region)
        assert probe.code == "MISSING_FIELDS"
        assert "region" in str(probe.fault)
        assert server.connections == []


@pytest.mark.parametrize("auth", [{"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}, {"secretAccessKey": SECRET}])
def test_half_a_key_is_not_made_whole_by_the_operators(auth: dict[str, str]) -> None:
    with answering() as server:
        probe = Probe(server.url, auth)
        assert probe.code == "CREDENTIALS_REFUSED"
        assert server.connections == []


def test_a_role_that_nobody_assumed_says_what_to_do() -> None:
    with answering() as server:
        role = {"roleArn": "arn:aws:iam::123456789012:role/kaireon-read"}
        probe = Probe(server.url, role, method="iam_role")
        assert probe.code == "NOT_SUPPORTED"
        assert "access_key" in str(probe.fault)
        assert server.connections == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "user@127.0.0.1"]
)
def test_a_blocked_endpoint_sees_no_connection(host: str) -> None:
    with answering() as server:
        probe = Probe(f"http://{host}:{server.server_port}", PLANTED, allow="")
        assert probe.code == "ADDRESS_BLOCKED"
        assert server.connections == []


def test_a_redirect_is_not_followed() -> None:
    with answering() as secret_keeper:
        there = Answer(307, headers={"Location": secret_keeper.url})
        with answering(there) as server:
            probe = Probe(server.url, PLANTED)
        assert probe.code == "UNEXPECTED"
        assert secret_keeper.connections == []


def test_a_silent_endpoint_ends_with_the_deadline() -> None:
    with answering(Answer(silent=True)) as server:
        assert Probe(server.url, PLANTED, deadline=2.5).code == "TIMED_OUT"


def test_a_port_where_nobody_listens() -> None:
    assert Probe(f"http://127.0.0.1:{free_port()}", PLANTED).code == "REFUSED"


def test_an_endpoint_without_tls() -> None:
    with answering() as server:
        endpoint = f"https://127.0.0.1:{server.server_port}"
        assert Probe(endpoint, PLANTED).code == "TLS_FAILED"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"not json",
        b'{"StreamDescriptionSummary": {"StreamStatus": "ACTIVE", "OpenShardCount": "many"}}',
        b'{"StreamDescriptionSummary": {"StreamStatus": {}, "OpenShardCount": 1}}',
    ],
)
def test_what_is_no_kinesis_is_unexpected(body: bytes) -> None:
    with answering(Answer(200, body)) as server:
        probe = Probe(server.url, PLANTED)
        assert probe.code == "UNEXPECTED"
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("state", "code"), [("CREATING", "BUSY"), ("DELETING", "OBJECT_MISSING"), ("UPDATING", "OK")]
)
def test_a_stream_that_comes_or_goes(state: str, code: str) -> None:
    described = {"StreamDescriptionSummary": {"StreamStatus": state, "OpenShardCount": 1}}
    with answering(Answer(200, json.dumps(described).encode())) as server:
        probe = Probe(server.url, PLANTED)
    assert probe.code == code
    assert probe.steps[:3] == [*REACHED, ("login", True)]


def test_the_operators_own_identity_is_never_used(
    moto: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator's key lies wherever AWS's tools look; the tenant's planted key is refused all the same."""
    with answering() as trap:
        _plant(monkeypatch, tmp_path, moto.admin, trap.url)
        assert Probe(moto.url, PLANTED).code == "CREDENTIALS_REFUSED"
        assert Probe(moto.url, {"accessKeyId": moto.admin.access_key_id}).code == "CREDENTIALS_REFUSED"
        assert Probe(moto.url, None).steps == [*REACHED, ("login", None)]
        assert trap.connections == []
    assert not (tmp_path / "started").exists()


def _plant(monkeypatch: pytest.MonkeyPatch, home: Path, keys: Keys, trap: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[default]\ncredential_process = touch {home}/started\nendpoint_url = {trap}\n"
    )
    planted = {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_PROFILE": "default",
        "AWS_ENDPOINT_URL_KINESIS": trap,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": trap,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap,
        "HTTP_PROXY": trap,
        "http_proxy": trap,
    }
    for name, value in planted.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, moto: MotoServer) -> Iterator[Registry]:
    opened = Registry.open(
        settings.load(tmp_path_factory.mktemp("home"), egress_allow=f"{moto.host}:{moto.port}")
    )
    yield opened
    opened.close()


def _draft(moto: MotoServer, auth: Mapping[str, str], **config: str) -> dict[str, Any]:
    known = {"streamName": STREAM, "region": REGION, "endpoint": moto.url, **config}
    return {"type": "amazon_kinesis", "config": known, "authConfig": dict(auth)}


def test_a_stored_connector_becomes_active_and_then_fails(
    registry: Registry, moto: MotoServer, reader: Keys
) -> None:
    operator = Caller.operator("default")
    made = connectors.create(registry, operator, {"name": "stream"} | _draft(moto, reader.auth()))
    result = probing.test_connector(registry, operator, {"id": made.id})
    assert (result.success, result.status, result.code) == (True, "active", "OK"), result
    assert [check.name for check in result.checks] == ["resolve", "connect", "login", "object"]
    connectors.change(registry, operator, made.id, {"config": {"streamName": "none"}})
    result = probing.test_connector(registry, operator, {"id": made.id})
    assert (result.success, result.status, result.code) == (False, "error", "OBJECT_MISSING")
    assert reader.secret_access_key not in result.model_dump_json()


def test_a_region_that_is_none_is_refused_at_once(registry: Registry, moto: MotoServer) -> None:
    with pytest.raises(InvalidInput) as caught:
        probing.test_connector(
            registry, Caller.operator("default"), _draft(moto, PLANTED, region="eu_central")
        )
    assert [detail.field for detail in caught.value.details] == ["config.region"]
