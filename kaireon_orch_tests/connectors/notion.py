"""Notion under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="notion",
    credentials={"bearer_token": {"token": "planted-token"}},
)
