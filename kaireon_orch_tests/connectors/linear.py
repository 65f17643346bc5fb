"""Linear under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="linear",
    credentials={
        "api_key": {"apiKey": "planted-api-key"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
)
