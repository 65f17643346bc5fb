"""HubSpot under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="hubspot",
    credentials={
        "bearer_token": {"token": "planted-token"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
)
