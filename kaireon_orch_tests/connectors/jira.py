"""Jira Cloud under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="jira",
    credentials={
        "password": {"username": "kaireon@example.com", "password": "planted-api-token"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
)
