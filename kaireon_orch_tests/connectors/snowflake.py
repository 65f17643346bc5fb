"""Snowflake under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="snowflake",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "key_pair": {
            "username": "kaireon",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        },
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"account": "evil.test/#"},),
)
