"""Google Firestore under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="firestore",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'}
    },
    refused=({"project": "a/b"},),
)
