"""Google Drive under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="google_drive",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"folderId": "../x"},),
)
