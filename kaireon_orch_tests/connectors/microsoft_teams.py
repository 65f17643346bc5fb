"""Microsoft Teams under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="microsoft_teams",
    credentials={"webhook_url": {"webhookUrl": "https://hooks.example.com/planted"}},
)
