"""Google Sheets under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="google_sheets",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"cellRange": "Orders!A1"},),
)
