"""An answer of AWS becomes the code that the contract names, whatever its words are."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.contract.auth_models import AccessKeyAuth
from kaireon_orch.errors import Fault
from kaireon_orch.families.aws import errors, session
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals
from kaireon_orch_tests.servers.answering import Answer, answering

if TYPE_CHECKING:
    from pathlib import Path

KEY = AccessKeyAuth.model_validate_json('{"accessKeyId": "AKIATENANT", "secretAccessKey": "planted"}')
XML = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>canary</Message></Error></ErrorResponse>"


def _met(answer: Answer, tmp_path: Path, service: str = "kinesis") -> Fault:
    door = ChildDoor(Policy(), Deadline.after(30), Refusals.beside(tmp_path), kernel=True)
    with answering(answer) as server:
        client = session.client(service, region="eu-central-1", endpoint=server.url, auth=KEY, door=door)
        call = client.describe_stream_summary if service == "kinesis" else client.get_caller_identity
        named = {"StreamName": "orders"} if service == "kinesis" else {}
        with closing(client), pytest.raises(Fault) as caught, errors.translated():
            call(**named)
    assert "canary" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("code", "expected", "retryable"),
    [
        ("UnrecognizedClientException", "CREDENTIALS_REFUSED", False),
        ("InvalidSignatureException", "CREDENTIALS_REFUSED", False),
        ("ExpiredTokenException", "CREDENTIALS_REFUSED", False),
        ("AccessDeniedException", "NOT_PERMITTED", False),
        ("ResourceNotFoundException", "OBJECT_MISSING", False),
        ("LimitExceededException", "BUSY", True),
        ("ThrottlingException", "BUSY", True),
        ("InvalidArgumentException", "UNEXPECTED", False),
        ("NeverHeardOf", "UNEXPECTED", False),
    ],
)
def test_kinesis_names_its_error(code: str, expected: str, retryable: bool, tmp_path: Path) -> None:
    body = json.dumps({"__type": code, "message": "canary"}).encode()
    fault = _met(Answer(400, body), tmp_path)
    assert (fault.code, fault.retryable) == (expected, retryable)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("InvalidClientTokenId", "CREDENTIALS_REFUSED"),
        ("SignatureDoesNotMatch", "CREDENTIALS_REFUSED"),
        ("AccessDenied", "NOT_PERMITTED"),
    ],
)
@pytest.mark.parametrize("service", ["kinesis", "sts"])
def test_a_code_in_xml_counts_for_every_protocol(
    service: str, code: str, expected: str, tmp_path: Path
) -> None:
    assert _met(Answer(403, XML.format(code).encode()), tmp_path, service).code == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "CREDENTIALS_REFUSED"),
        (403, "NOT_PERMITTED"),
        (404, "OBJECT_MISSING"),
        (429, "BUSY"),
        (503, "BUSY"),
        (500, "UNEXPECTED"),
        (302, "UNEXPECTED"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html><Code>canary</Code></html>", b"canary"])
def test_without_a_known_code_the_status_decides(
    status: int, expected: str, body: bytes, tmp_path: Path
) -> None:
    assert _met(Answer(status, body), tmp_path).code == expected


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("body", [b"[1]", b"7", b'{"StreamDescriptionSummary": [1], "__type": {}}'])
def test_a_misshapen_answer_is_unexpected(status: int, body: bytes, tmp_path: Path) -> None:
    assert _met(Answer(status, body), tmp_path).code in {"UNEXPECTED", "NOT_PERMITTED"}
