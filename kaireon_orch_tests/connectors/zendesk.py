"""Zendesk under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="zendesk",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"subdomain": "evil.test/"},),
)
