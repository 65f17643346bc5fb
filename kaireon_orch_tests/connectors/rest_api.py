"""REST API under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="rest_api",
    credentials={
        "none": {},
        "api_key": {"apiKey": "planted-api-key"},
        "bearer_token": {"token": "planted-token"},
        "password": {"username": "kaireon", "password": "planted-password"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=(
        {"url": "file:///etc/passwd"},
        {"headers": {"Authorization": "planted"}},
        {"pagination": {"kind": "cursor"}},
    ),
)
