"""The session finds no credentials but those it is handed, wherever the operator's lie."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.auth_models import AccessKeyAuth
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.aws import errors, session
from kaireon_orch.families.http import endpoint
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals
from kaireon_orch_tests.servers.answering import Answer, AnsweringServer, answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.contract.spec import AuthModel

REGION = "eu-central-1"
KEY = AccessKeyAuth.model_validate_json(
    '{"accessKeyId": "AKIATENANT", "secretAccessKey": "planted", "sessionToken": "session"}'
)
CONFIG = """[default]
credential_process = touch {home}/started
region = us-west-2
endpoint_url = {trap}
"""


@pytest.fixture
def trap() -> Iterator[AnsweringServer]:
    """Where the operator's environment points; nobody may come."""
    with answering() as server:
        yield server


def _door(tmp_path: Path, *, kernel: bool = True) -> ChildDoor:
    return ChildDoor(Policy(), Deadline.after(30), Refusals.beside(tmp_path), kernel=kernel)


def _describe(endpoint: str, auth: AuthModel | None, tmp_path: Path) -> Any:
    client = session.client("kinesis", region=REGION, endpoint=endpoint, auth=auth, door=_door(tmp_path))
    with closing(client), errors.translated():
        return client.describe_stream_summary(StreamName="orders")


@pytest.mark.parametrize(
    "planted",
    [
        {"AWS_ACCESS_KEY_ID": "AKIAOPERATOR", "AWS_SECRET_ACCESS_KEY": "operator"},
        {"AWS_CONFIG_FILE": "{home}/config"},
        {"AWS_CONFIG_FILE": "{home}/config", "AWS_PROFILE": "default"},
        {"AWS_SHARED_CREDENTIALS_FILE": "{home}/credentials"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{trap}"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{trap}"},
    ],
    ids="+".join,
)
def test_no_credentials_stay_none(
    planted: dict[str, str], tmp_path: Path, trap: AnsweringServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(CONFIG.format(home=tmp_path, trap=trap.url))
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAOPERATOR\naws_secret_access_key = x\n"
    )
    for name, value in planted.items():
        monkeypatch.setenv(name, value.format(home=tmp_path, trap=trap.url))
    with answering() as server:
        with pytest.raises(Fault) as caught:
            _describe(server.url, None, tmp_path)
        assert server.seen == []
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED
    assert trap.connections == []
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    "planted",
    [
        {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2", "AWS_MAX_ATTEMPTS": "5"},
        {"AWS_ENDPOINT_URL": "{trap}", "AWS_ENDPOINT_URL_KINESIS": "{trap}"},
        {"HTTP_PROXY": "{trap}", "http_proxy": "{trap}", "ALL_PROXY": "{trap}"},
        {"AWS_CONFIG_FILE": "{home}/config", "AWS_PROFILE": "absent"},
        {"AWS_DEFAULTS_MODE": "auto", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_DATA_PATH": "{home}"},
    ],
    ids="+".join,
)
def test_a_given_key_is_used_as_given(
    planted: dict[str, str], tmp_path: Path, trap: AnsweringServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(CONFIG.format(home=tmp_path, trap=trap.url))
    for name, value in planted.items():
        monkeypatch.setenv(name, value.format(home=tmp_path, trap=trap.url))
    with answering(Answer(503)) as server:
        with pytest.raises(Fault):
            _describe(server.url, KEY, tmp_path)
        (request,) = server.seen
    assert "Credential=AKIATENANT/" in request["Authorization"]
    assert f"/{REGION}/kinesis/aws4_request" in request["Authorization"]
    assert request["X-Amz-Security-Token"] == "session"
    assert trap.connections == []


@pytest.mark.parametrize(
    "planted", [{}, {"AWS_ENDPOINT_URL": "https://evil.test", "AWS_USE_FIPS_ENDPOINT": "true"}]
)
@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://kinesis.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://kinesis.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_without_an_endpoint_the_way_leads_to_amazon(
    region: str, url: str, planted: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    with closing(
        session.client("kinesis", region=region, endpoint=None, auth=KEY, door=_door(tmp_path))
    ) as client:
        assert client.meta.endpoint_url == url


def test_without_a_judge_the_drivers_own_connections_are_judged(tmp_path: Path) -> None:
    """By name too: what the name leads to is judged, and dialled by its address."""
    with answering() as server:
        for host in ("127.0.0.1", "localhost"):
            made = session.client(
                "kinesis",
                region=REGION,
                endpoint=server.url.replace("127.0.0.1", host),
                auth=KEY,
                door=_door(tmp_path, kernel=False),
            )
            with closing(made), pytest.raises(Fault) as caught, errors.translated():
                made.describe_stream_summary(StreamName="orders")
            assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
        assert server.connections == []


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("https://kinesis.example.com", "https://kinesis.example.com:443"),
        ("HTTPS://Kinesis.Example.com.:8443/aws/", "https://kinesis.example.com:8443/aws"),
        ("http://[2001:db8::1]:80", "http://[2001:db8::1]:80"),
    ],
)
def test_an_endpoint_is_built_anew(url: str, rebuilt: str) -> None:
    assert endpoint.checked(url) == rebuilt


@pytest.mark.parametrize(
    "url",
    [
        "ftp://kinesis.example.com",
        "https:kinesis.example.com",
        "https://",
        "https://user:secret@kinesis.example.com",
        "https://kinesis.example.com?x=1",
        "https://kinesis.example.com#x",
        "https://kinesis.example.com:99999",
        "https://kinesis.example.com\\@evil.test",
        "https://2130706433",
        "https://[::1",
    ],
)
def test_a_crooked_endpoint_is_refused(url: str) -> None:
    with pytest.raises(Fault) as caught:
        endpoint.checked(url)
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
    assert "secret" not in caught.value.message


def test_plain_http_does_not_go_to_the_public(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        endpoint.resolve("http://8.8.8.8", _door(tmp_path))
    assert caught.value.fault is FaultCode.ADDRESS_BLOCKED
    assert "https" in caught.value.message
    assert endpoint.resolve("https://8.8.8.8", _door(tmp_path)).addresses == ("8.8.8.8",)
