"""Dynamics 365 under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="dynamics_365",
    credentials={"oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"}},
)
