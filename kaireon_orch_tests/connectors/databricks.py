"""Databricks under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="databricks",
    credentials={
        "bearer_token": {"token": "planted-token"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"httpPath": "/sql?x=1"},),
)
