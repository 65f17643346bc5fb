"""Google Pub/Sub under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="google_pubsub",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'}
    },
    refused=({"subscription": "../x"},),
)
