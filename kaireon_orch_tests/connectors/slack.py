"""Slack under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="slack",
    credentials={
        "webhook_url": {"webhookUrl": "https://hooks.example.com/planted"},
        "bearer_token": {"token": "planted-token"},
    },
)
