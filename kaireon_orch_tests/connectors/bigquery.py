"""Google BigQuery under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="bigquery",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"project": "../../x"},),
)
