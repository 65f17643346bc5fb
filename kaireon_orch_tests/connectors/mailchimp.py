"""Mailchimp under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="mailchimp",
    credentials={
        "api_key": {"apiKey": "planted-api-key-us21"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"serverPrefix": "evil.test/"},),
)
