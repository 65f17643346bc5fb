"""Webhook under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="webhook",
    credentials={
        "none": {},
        "api_key": {"apiKey": "planted-api-key"},
        "bearer_token": {"token": "planted-token"},
    },
    refused=({"url": "ftp://example.com"},),
)
