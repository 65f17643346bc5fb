"""Segment under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="segment",
    credentials={"bearer_token": {"token": "planted-token"}, "access_key": {"apiKey": "planted-api-key"}},
)
