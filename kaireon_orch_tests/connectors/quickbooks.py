"""QuickBooks Online under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="quickbooks",
    credentials={"oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"}},
)
