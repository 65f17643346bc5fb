"""Salesforce under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="salesforce",
    credentials={
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
        "password": {"username": "kaireon", "password": "planted-password"},
        "bearer_token": {"token": "planted-token"},
    },
)
