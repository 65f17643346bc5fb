"""Klaviyo under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="klaviyo",
    credentials={"api_key": {"apiKey": "planted-api-key"}},
)
