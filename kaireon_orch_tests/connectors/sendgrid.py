"""SendGrid under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="sendgrid",
    credentials={"api_key": {"apiKey": "planted-api-key"}},
)
