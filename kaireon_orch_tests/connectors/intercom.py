"""Intercom under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="intercom",
    credentials={"bearer_token": {"token": "planted-token"}},
)
