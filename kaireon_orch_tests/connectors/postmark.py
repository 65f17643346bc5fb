"""Postmark under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="postmark",
    credentials={"api_key": {"apiKey": "planted-api-key"}},
)
