"""SharePoint under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="sharepoint",
    credentials={"oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"}},
)
