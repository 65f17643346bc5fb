"""A role is assumed by the parent as the operator, and the child gets the session's keys and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import connectors, probing
from kaireon_orch.control.opened import open_connector
from kaireon_orch.errors import Fault
from kaireon_orch_tests.references.conftest import nowhere
from kaireon_orch_tests.servers.answering import answering
from kaireon_orch_tests.servers.moto import REGION

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.servers.moto import Keys, MotoServer

STREAM = "roles"
EXTERNAL_ID = "tenant-7-Kestrel"


@pytest.fixture(scope="module")
def role(moto: MotoServer) -> str:
    """The ARN of a role that may describe streams."""
    moto.client("kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    iam = moto.client("iam")
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    made = iam.create_role(RoleName="kaireon-read", AssumeRolePolicyDocument=policy)["Role"]
    allowed = {"Effect": "Allow", "Action": "kinesis:DescribeStreamSummary", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="kaireon-read", PolicyName="read", PolicyDocument=document)
    return str(made["Arn"])


def body(moto: MotoServer, auth: dict[str, str]) -> dict[str, Any]:
    config = {"streamName": STREAM, "region": REGION, "endpoint": moto.url}
    return {"type": "amazon_kinesis", "config": config, "authMethod": "iam_role", "authConfig": auth}


def test_the_child_gets_the_sessions_keys_alone(
    registry: Registry, operator: Caller, aws: MotoServer, role: str, identity: Keys
) -> None:
    auth = {"roleArn": role, "externalId": EXTERNAL_ID}
    made = connectors.create(registry, operator, body(aws, auth) | {"name": "k"})
    job = open_connector(registry, operator.tenant, made.id).for_child()
    assert job["authMethod"] == "access_key"
    assert set(job["auth"]) == {"accessKeyId", "secretAccessKey", "sessionToken"}
    text = json.dumps(job)
    assert not [each for each in (role, EXTERNAL_ID, identity.secret_access_key) if each in text]
    assert job["auth"]["accessKeyId"] != identity.access_key_id


def test_stored_and_draft_connectors_are_tested_with_it(
    registry: Registry, operator: Caller, aws: MotoServer, role: str
) -> None:
    auth = {"roleArn": role, "externalId": EXTERNAL_ID}
    made = connectors.create(registry, operator, body(aws, auth) | {"name": "k"})
    stored = probing.test_connector(registry, operator, {"id": made.id})
    draft = probing.test_connector(registry, operator, body(aws, auth))
    assert (stored.code, draft.code) == ("OK", "OK"), (stored.message, draft.message)
    assert EXTERNAL_ID not in stored.model_dump_json() + draft.model_dump_json()


@pytest.mark.parametrize("lacking", ["roleArn", "externalId"])
def test_both_are_needed(
    registry: Registry, operator: Caller, aws: MotoServer, role: str, lacking: str
) -> None:
    auth = {"roleArn": role, "externalId": EXTERNAL_ID}
    del auth[lacking]
    tested = probing.test_connector(registry, operator, body(aws, auth))
    assert (tested.success, tested.code) == (False, "MISSING_FIELDS")
    assert lacking in tested.message
    made = connectors.create(registry, operator, body(aws, auth) | {"name": "k"})
    opened = open_connector(registry, operator.tenant, made.id)
    assert opened.missing_credentials() == [lacking]
    with pytest.raises(Fault):
        opened.for_child()


def test_an_installation_that_may_not_or_has_no_identity(
    registry: Registry, operator: Caller, aws: MotoServer, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = {"roleArn": role, "externalId": EXTERNAL_ID}
    outsider = aws.user("no-roles", [])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", outsider.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", outsider.secret_access_key)
    assert probing.test_connector(registry, operator, body(aws, auth)).code == "CREDENTIALS_REFUSED"
    nowhere(monkeypatch)
    tested = probing.test_connector(registry, operator, body(aws, auth))
    assert (tested.code, tested.success) == ("NOT_READY", False)


def test_the_tenants_endpoint_never_sees_the_operators_identity(
    registry: Registry, operator: Caller, aws: MotoServer, role: str, identity: Keys
) -> None:
    """A tenant's endpoint gets requests that the session signed, and no call to assume a role."""
    auth = {"roleArn": role, "externalId": EXTERNAL_ID}
    with answering() as rogue:
        draft = body(aws, auth)
        draft["config"]["endpoint"] = rogue.url
        probing.test_connector(registry, operator, draft)
        seen = repr(rogue.seen)
    assert "DescribeStreamSummary" in seen
    assert identity.access_key_id not in seen
    assert "AssumeRole" not in seen
