from __future__ import annotations

import pytest
from dagster import Failure, RetryRequested

from kaireon_orch.errors import Fault, FaultCode, Unavailable
from kaireon_orch.orchestration.failures import failure_of

THREE = {"maxAttempts": 3, "delaySeconds": 10, "backoff": "exponential"}


def test_the_wait_grows_as_asked() -> None:
    second = failure_of(Fault(FaultCode.REFUSED, "No answer."), THREE, attempt=2)
    assert isinstance(second, RetryRequested)
    assert second.seconds_to_wait == 20.0


@pytest.mark.parametrize("error", [Fault(FaultCode.REFUSED, "No answer."), Unavailable("Away.")])
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    asked = failure_of(error, THREE, attempt=1)
    assert isinstance(asked, RetryRequested)
    assert (asked.max_retries, asked.seconds_to_wait) == (2, 10.0)


def test_the_last_attempt_ends_the_run_with_the_faults_own_words() -> None:
    end = failure_of(Fault(FaultCode.REFUSED, "No answer."), THREE, attempt=3)
    assert isinstance(end, Failure)
    assert (end.description, end.allow_retries) == ("REFUSED: No answer.", False)


def test_refused_credentials_are_not_tried_again() -> None:
    end = failure_of(Fault(FaultCode.CREDENTIALS_REFUSED, "Refused."), THREE, attempt=1)
    assert isinstance(end, Failure)
    assert end.allow_retries is False
    assert end.metadata["kaireon/error_code"].value == "CREDENTIALS_REFUSED"


def drop() -> None:
    raise RuntimeError("postgresql://u:CANARY@host/db")


def test_an_unexpected_error_shows_its_class_and_place_but_none_of_its_words() -> None:
    with pytest.raises(RuntimeError) as raised:
        drop()
    end = failure_of(raised.value, THREE, attempt=1)
    assert isinstance(end, Failure)
    assert end.description is not None
    assert "RuntimeError at test_failures.py:" in end.description
    assert "CANARY" not in end.description
