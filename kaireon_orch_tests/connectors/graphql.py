"""GraphQL API under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="graphql",
    credentials={
        "none": {},
        "bearer_token": {"token": "planted-token"},
        "api_key": {"apiKey": "planted-api-key"},
        "password": {"username": "kaireon", "password": "planted-password"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"headers": {"Cookie": "planted"}},),
)
