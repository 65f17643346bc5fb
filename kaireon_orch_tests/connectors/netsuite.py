"""Oracle NetSuite under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="netsuite",
    credentials={
        "oauth1": {
            "clientId": "planted-client",
            "clientSecret": "planted-client-secret",
            "token": "planted-token",
            "tokenSecret": "planted-token-secret",
        }
    },
    refused=({"accountId": "evil.test/"},),
)
