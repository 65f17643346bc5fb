"""GitHub under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="github",
    credentials={
        "bearer_token": {"token": "planted-token"},
        "github_app": {
            "appId": "123456",
            "installationId": "7654321",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        },
    },
    refused=({"owner": "../x"},),
)
